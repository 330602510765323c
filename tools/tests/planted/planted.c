/* planted.c: one fault of each kind, to show that a sanitizer job fails on it. Usage: planted
 * overflow|leak|race|undefined */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long shared_counter;

static void *count_up(void *unused) {
    for (int i = 0; i < 1000; i++) shared_counter++;
    return unused;
}

static int race(void) {
    pthread_t other;
    if (pthread_create(&other, NULL, count_up, NULL)) return 2;
    count_up(NULL);
    return pthread_join(other, NULL) ? 2 : 0;
}

static int overflow(void) {
    volatile char *volatile bytes = malloc(8);
    if (!bytes) return 2;
    bytes[8] = 1;
    free((void *)bytes);
    return 0;
}

static int undefined(void) {
    volatile int largest = 0x7fffffff;
    largest += 1;
    return largest == 0;
}

static int leak(void) {
    void *volatile lost = malloc(100);
    lost = NULL;
    return lost != NULL;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
    } faults[] = {{"overflow", overflow}, {"leak", leak}, {"race", race}, {"undefined", undefined}};
    for (size_t i = 0; argc == 2 && i < sizeof faults / sizeof *faults; i++)
        if (strcmp(argv[1], faults[i].name) == 0) return faults[i].run();
    fprintf(stderr, "usage: planted overflow|leak|race|undefined\n");
    return 2;
}
