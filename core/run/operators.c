/* The nodes that the core runs itself. */
#include "run/frame.h"

#include <string.h>

static const core_operator operators[] = {
    {"", "If", NULL, orti_if_begin, orti_if_resume},
    {"", "Loop", NULL, orti_loop_begin, orti_loop_resume},
    {"", "Scan", NULL, orti_scan_begin, orti_scan_resume},
};

ort_status *orti_core_operator_find(const orti_node *node, const core_operator **out) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        *out = &operators[i];
        if (strcmp(node->op_type, (*out)->name) == 0 && strcmp(node->domain, (*out)->domain) == 0) return NULL;
    }
    *out = NULL;
    ORT_FAIL(UNSUPPORTED, "node '%s' (%s): the core can't run it yet", node->name, node->op_type);
}

ort_status *orti_script_check(const orti_script *script) {
    for (uint32_t i = 0; i < script->command_count; i++) {
        const orti_command *command = &script->commands[i];
        const core_operator *core = NULL;
        if (command->schedule) continue;
        ORT_TRY(orti_core_operator_find(command->node, &core));
        for (uint32_t b = 0; b < command->body_count; b++) ORT_TRY(orti_script_check(command->bodies[b]));
    }
    return NULL;
}
