/* A thread of a queue is still there after shutdown. */
#include "wrong.h"

#include <unistd.h>

static void *idle(void *user) {
    for (;;) pause();
    return user;
}

static ort_status *create(ortp_instance *instance, uint32_t device, uint32_t flags, ortp_queue **out) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) == 0) pthread_detach(thread);
    return async_queue_table.create(instance, device, flags, out);
}

void ortc_wrong_spoil(void) {
    ortc_wrong.queue.create = create;
}
