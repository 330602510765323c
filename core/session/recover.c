/* Out of memory is answered once: everything unused goes, and the plan is made anew
 * (docs/adr/0013-out-of-memory-and-lost-devices.md). */
#include "session/inner.h"

static void devices_trim(ort_session *session) {
    const session_composition *composition = &session->composition;
    for (uint32_t c = 0; c < composition->candidate_count; c++) {
        orti_instance *instance = composition->candidates[c].instance;
        for (uint32_t d = 0; d < orti_instance_device_count(instance); d++) {
            ort_status *status = orti_instance_trim(instance, d, 0);
            if (status)
                orti_log_write(&session->environment->log, ORTI_LOG_WARNING, "session", "%s",
                               ort_status_message(status));
            ort_status_destroy(status);
        }
    }
}

bool orti_session_save_memory(ort_session *session, ort_status **status) {
    if (ort_status_code(*status) != ORT_CODE_OUT_OF_MEMORY) return false;
    orti_log_write(&session->environment->log, ORTI_LOG_WARNING, "session", "planned again with less memory: %s",
                   ort_status_message(*status));
    ort_status_destroy(*status);
    *status = NULL;
    orti_pool_drop(session);
    for (uint32_t i = 0; i < session->composition.segment_count; i++)
        orti_schedule_save_memory(session->composition.segments[i]->schedule);
    devices_trim(session);
    return true;
}

ort_status *orti_memory_note(ort_status *status) {
    if (ort_status_code(status) != ORT_CODE_OUT_OF_MEMORY) return status;
    return ORT_NOTE(status, "also with all that was unused released and a plan that needs less");
}
