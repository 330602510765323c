#include "host/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Written from signal handlers and any thread: slots are taken by a counter, and read once `is_ready`. */
static ortc_fault faults[ORTC_FAULTS];
static atomic_bool is_ready[ORTC_FAULTS];
static atomic_uint taken;

void ortc_fault_note(const char *rule, const char *fmt, ...) {
    unsigned at = atomic_fetch_add(&taken, 1);
    if (at >= ORTC_FAULTS) return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(faults[at].text, sizeof faults[at].text, fmt, args);
    va_end(args);
    faults[at].rule = rule;
    atomic_store(&is_ready[at], true);
}

uint32_t ortc_fault_count(void) {
    unsigned count = atomic_load(&taken), ready = 0;
    if (count > ORTC_FAULTS) count = ORTC_FAULTS;
    while (ready < count && atomic_load(&is_ready[ready])) ready++;
    return ready;
}

const ortc_fault *ortc_fault_get(uint32_t index) {
    return index < ortc_fault_count() ? &faults[index] : NULL;
}

void ortc_fault_clear(void) {
    for (uint32_t i = 0; i < ORTC_FAULTS; i++) atomic_store(&is_ready[i], false);
    memset(faults, 0, sizeof faults);
    atomic_store(&taken, 0);
}
