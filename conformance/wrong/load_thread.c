/* Starts a thread while it is loaded. */
#include "wrong.h"

#include <unistd.h>

static void *idle(void *user) {
    for (;;) pause();
    return user;
}

void ortc_wrong_spoil(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, idle, NULL);
}
