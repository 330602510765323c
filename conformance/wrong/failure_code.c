/* Work behind a failed point fails with a code of its own. */
#include "wrong.h"

void __real_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure);
void __wrap_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure);

void __wrap_async_timeline_settle(ortp_timeline *timeline, uint64_t value, ort_status *failure) {
    const ortp_host *host = timeline->instance->host;
    if (failure) {
        host->core->status_destroy(failure);
        failure = async_fail(host, ORT_CODE_PLUGIN, "something failed");
    }
    __real_async_timeline_settle(timeline, value, failure);
}

void ortc_wrong_spoil(void) {}
