/* The nodes that the core runs itself. */
#include "run/frame.h"
#include "run/values.h"

#include <string.h>

static const core_operator operators[] = {
    {"", "ConcatFromSequence", orti_concat_from_sequence_run, NULL, NULL},
    {"", "Identity", orti_identity_run, NULL, NULL},
    {"", "If", NULL, orti_if_begin, orti_if_resume},
    {"", "Loop", NULL, orti_loop_begin, orti_loop_resume},
    {"", "Optional", orti_optional_run, NULL, NULL},
    {"", "OptionalGetElement", orti_optional_get_element_run, NULL, NULL},
    {"", "OptionalHasElement", orti_optional_has_element_run, NULL, NULL},
    {"", "Scan", NULL, orti_scan_begin, orti_scan_resume},
    {"", "SequenceAt", orti_sequence_at_run, NULL, NULL},
    {"", "SequenceConstruct", orti_sequence_construct_run, NULL, NULL},
    {"", "SequenceEmpty", orti_sequence_empty_run, NULL, NULL},
    {"", "SequenceErase", orti_sequence_erase_run, NULL, NULL},
    {"", "SequenceInsert", orti_sequence_insert_run, NULL, NULL},
    {"", "SequenceLength", orti_sequence_length_run, NULL, NULL},
    {"", "SequenceMap", NULL, orti_sequence_map_begin, orti_sequence_map_resume},
    {"", "SplitToSequence", orti_split_to_sequence_run, NULL, NULL},
    {"ai.onnx.ml", "CastMap", orti_cast_map_run, NULL, NULL},
    {"ai.onnx.ml", "DictVectorizer", orti_dict_vectorizer_run, NULL, NULL},
    {"ai.onnx.ml", "ZipMap", orti_zip_map_run, NULL, NULL},
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
