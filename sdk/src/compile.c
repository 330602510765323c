/* compile: the claimed nodes as a program. Reads them, fuses, lays out, then lets every kernel read its attributes and
 * pack its constants. */
#include "program.h"

#include <string.h>

const ortk_kernel ortk_kernel_known = {.domain = "", .op = "known"};

void *ortk_compiler_context(const ortk_compiler *compiler) {
    return compiler->program->instance->settings.context;
}

uint32_t ortk_compiler_precision(const ortk_compiler *compiler) {
    return compiler->program->precision;
}

void *ortk_compiler_alloc(ortk_compiler *compiler, size_t size_bytes) {
    return ortk_arena_alloc(&compiler->program->arena, size_bytes);
}

typedef struct pack_job {
    const ortp_host *host;
    const ortp_constant *constant;
    ortk_pack_fn pack;
    const void *user;
} pack_job;

static ort_status *pack_now(void *user, void *memory, uint64_t size_bytes) {
    const pack_job *job = user;
    const void *data = NULL;
    (void)size_bytes;
    ORTK_TRY(job->host->store->constant_retain(job->host->context, job->constant, &data));
    const void *aligned = data;
    void *copy = NULL;
    uint64_t element = ortk_dtype_bytes(job->constant->dtype, 1);
    if (element > 1 && (uintptr_t)data % (element > 8 ? 8 : element)) {
        copy = job->host->core->alloc(job->host->context, job->constant->size_bytes, ORTK_ALIGN);
        aligned = copy ? memcpy(copy, data, (size_t)job->constant->size_bytes) : NULL;
    }
    if (aligned) job->pack(job->user, aligned, memory);
    if (copy) job->host->core->release(job->host->context, copy);
    job->host->store->constant_release(job->host->context, job->constant, data);
    return aligned ? NULL : ortk_out_of_memory();
}

ort_status *ortk_compiler_pack(ortk_compiler *compiler, const ortk_node *node, uint32_t index, const char *layout,
                               uint64_t size_bytes, ortk_pack_fn pack, const void *user, const void **out) {
    ortp_program *program = compiler->program;
    const ortp_host *host = program->host;
    ortp_constant constant = {.size = sizeof constant};
    *out = NULL;
    ORTK_TRY(host->graph->constant(node->view, node->inputs[index], &constant));
    ortk_packed_ref *ref = ortk_arena_alloc(&program->arena, sizeof *ref);
    if (!ref) return ortk_out_of_memory();
    pack_job job = {host, &constant, pack, user};
    ORTK_TRY(host->store->weight(host->context, &constant, (ort_string_view){layout, strlen(layout)},
                                 program->instance->device_id, size_bytes, pack_now, &job, &ref->packed, out));
    ref->next = program->packed;
    program->packed = ref;
    if (index < 32) compiler->op->unread |= 1u << index;
    return NULL;
}

/* ---- reading the claimed nodes ---- */

ort_status *ortk_value_add(ortp_program *program, const ortk_value *value, uint32_t *out) {
    if (program->value_count == program->value_capacity) {
        uint32_t capacity = program->value_capacity * 2 + 64;
        ortk_value *values = ortk_arena_array(&program->arena, capacity, sizeof *values);
        if (!values) return ortk_out_of_memory();
        if (program->value_count) memcpy(values, program->values, program->value_count * sizeof *values);
        program->values = values;
        program->value_capacity = capacity;
    }
    *out = program->value_count++;
    program->values[*out] = *value;
    return NULL;
}

static ort_status *value_read(ortp_program *program, uint32_t id, uint32_t *out) {
    ortp_value_info info;
    *out = ORTP_NONE;
    if (id == ORTP_NONE) return NULL;
    if (id >= program->by_id_count) return ortk_fail(ORT_CODE_BUG, "value %u is beyond the view's bound", (unsigned)id);
    if (program->by_id[id] != ORTP_NONE) {
        *out = program->by_id[id];
        return NULL;
    }
    ORTK_TRY(ortk_view_value(program->host, program->view, id, &info));
    ortk_value value = {.id = id,
                        .dtype = info.dtype,
                        .input = ORTP_NONE,
                        .output = ORTP_NONE,
                        .twin = ORTP_NONE,
                        .producer = ORTP_NONE,
                        .reader = ORTP_NONE};
    if (info.rank > ORTK_RANK_MAX)
        return ortk_fail(ORT_CODE_UNSUPPORTED, "a value of rank %u: at most %u is done", (unsigned)info.rank,
                         (unsigned)ORTK_RANK_MAX);
    value.rank = info.flags & ORTP_VALUE_HAS_SHAPE ? info.rank : 0;
    if (value.rank) memcpy(value.dims, info.dims, value.rank * sizeof value.dims[0]);
    value.kind = info.kind == ORTP_VALUE_CONSTANT   ? ORTK_VALUE_CONSTANT
                 : info.flags & ORTP_VALUE_IS_KNOWN ? ORTK_VALUE_KNOWN
                                                    : ORTK_VALUE_INNER;
    ORTK_TRY(ortk_value_add(program, &value, out));
    program->by_id[id] = *out;
    return NULL;
}

static ort_status *border_read(ortp_program *program, const uint32_t *ids, uint32_t count, uint32_t **out) {
    uint32_t *values = ortk_arena_array(&program->arena, count, sizeof *values);
    if (!values) return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++) ORTK_TRY(value_read(program, ids[i], &values[i]));
    *out = values;
    return NULL;
}

static ort_status *values_read(ortp_program *program, const uint32_t *ids, uint32_t count, uint32_t spare,
                               uint32_t **out) {
    uint32_t *values = ortk_arena_array(&program->arena, count + spare, sizeof *values);
    if (!values) return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++) ORTK_TRY(value_read(program, ids[i], &values[i]));
    *out = values;
    return NULL;
}

static uint32_t known_inputs(const ortk_kernel *kernel) {
    return kernel->flags >> 8;
}

static ort_status *op_read(ortp_program *program, uint32_t id, const ortk_kernel *kernel, ortk_op *op) {
    ortk_node node;
    ORTK_TRY(ortk_node_init(&node, program->host, program->view, id, &program->constants));
    op->kernel = kernel;
    op->role = kernel == &ortk_kernel_known           ? ORTK_ROLE_KNOWN
               : kernel->flags & ORTK_KERNEL_RESHAPES ? ORTK_ROLE_VIEW
                                                      : ORTK_ROLE_KERNEL;
    op->node = id;
    op->input_count = op->role == ORTK_ROLE_KNOWN ? 0 : node.input_count;
    op->output_count = node.output_count;
    op->unread = known_inputs(kernel);
    op->name = ortk_arena_text(&program->arena, node.info.op_type);
    op->nodes = ortk_arena_array(&program->arena, 1, sizeof *op->nodes);
    if (!op->name || !op->nodes) return ortk_out_of_memory();
    op->nodes[op->node_count++] = id;
    /* Room for a bias and a residual. */
    ORTK_TRY(values_read(program, node.inputs, op->input_count, 4, &op->inputs));
    return values_read(program, node.outputs, op->output_count, 0, &op->outputs);
}

ort_status *ortk_program_read(ortp_program *program, const ortp_compile_args *args, const ortk_claim *claim) {
    ortp_graph_info graph = {.size = sizeof graph};
    ORTK_TRY(program->host->graph->graph(program->view, &graph));
    program->by_id_count = graph.value_bound;
    program->by_id = ortk_arena_array(&program->arena, graph.value_bound, sizeof *program->by_id);
    program->ops = ortk_arena_array(&program->arena, claim->node_count, sizeof *program->ops);
    if (!program->by_id || !program->ops) return ortk_out_of_memory();
    memset(program->by_id, 0xff, graph.value_bound * sizeof *program->by_id);
    for (uint32_t i = 0; i < claim->node_count; i++, program->op_count++)
        ORTK_TRY(op_read(program, claim->nodes[i], claim->kernels[i], &program->ops[i]));
    program->input_count = args->input_count;
    program->output_count = args->output_count;
    ORTK_TRY(border_read(program, args->inputs, args->input_count, &program->inputs));
    ORTK_TRY(border_read(program, args->outputs, args->output_count, &program->outputs));
    for (uint32_t i = 0; i < args->input_count; i++) {
        program->values[program->inputs[i]].kind = ORTK_VALUE_INPUT;
        program->values[program->inputs[i]].input = i;
    }
    for (uint32_t i = 0; i < args->output_count; i++) program->values[program->outputs[i]].output = i;
    ortk_program_count_readers(program);
    for (uint32_t i = 0; i < args->output_count; i++) {
        const ortk_value *value = &program->values[program->outputs[i]];
        if (value->producer == ORTP_NONE || value->kind == ORTK_VALUE_INPUT)
            return ortk_fail(ORT_CODE_BUG, "output %u of a program is made by none of its nodes", (unsigned)i);
    }
    return NULL;
}

void ortk_program_count_readers(ortp_program *program) {
    for (uint32_t i = 0; i < program->value_count; i++) {
        program->values[i].reader_count = 0;
        program->values[i].reader = program->values[i].producer = ORTP_NONE;
    }
    for (uint32_t i = 0; i < program->op_count; i++) {
        ortk_op *op = &program->ops[i];
        if (op->role == ORTK_ROLE_DEAD) continue;
        for (uint32_t k = 0; k < op->input_count; k++) {
            if (op->inputs[k] == ORTP_NONE) continue;
            program->values[op->inputs[k]].reader_count++;
            program->values[op->inputs[k]].reader = i;
        }
        for (uint32_t k = 0; k < op->output_count; k++)
            if (op->outputs[k] != ORTP_NONE) program->values[op->outputs[k]].producer = i;
    }
}

/* ---- kernels' own compile ---- */

static ort_status *op_compile(ortp_program *program, ortk_op *op) {
    if (op->role != ORTK_ROLE_KERNEL) return NULL;
    ortk_node node;
    uint32_t count = op->input_count - (op->has_residual ? 1 : 0);
    ORTK_TRY(ortk_node_init(&node, program->host, program->view, op->node, &program->constants));
    uint32_t *ids = ortk_arena_array(&program->arena, count, sizeof *ids);
    if (!ids) return ortk_out_of_memory();
    for (uint32_t i = 0; i < count; i++)
        ids[i] = op->inputs[i] == ORTP_NONE ? ORTP_NONE : program->values[op->inputs[i]].id;
    node.inputs = ids;
    node.input_count = count;
    node.fused = &op->fused;
    op->params = ortk_arena_alloc(&program->arena, op->kernel->params_bytes);
    if (!op->params) return ortk_out_of_memory();
    ortk_compiler compiler = {program, op};
    return op->kernel->compile ? op->kernel->compile(&compiler, &node, op->params) : NULL;
}

/* Constants that run or plan reads are kept readable; others are left to the store. */
static ort_status *constants_keep(ortp_program *program) {
    for (uint32_t i = 0; i < program->op_count; i++) {
        const ortk_op *op = &program->ops[i];
        if (op->role == ORTK_ROLE_DEAD) continue;
        for (uint32_t k = 0; k < op->input_count; k++) {
            ortk_value *value = op->inputs[k] == ORTP_NONE ? NULL : &program->values[op->inputs[k]];
            bool is_known = k < ORTK_KERNEL_KNOWN_COUNT && op->kernel && (op->kernel->flags & ORTK_KERNEL_KNOWN(k));
            if (!value || value->kind != ORTK_VALUE_CONSTANT) continue;
            if (!is_known && k < 32 && op->unread >> k & 1) continue;
            const ortk_constant_entry *entry = NULL;
            bool is_bytes = k == 0 && op->kernel && op->kernel->flags & ORTK_KERNEL_BYTES;
            ORTK_TRY((is_bytes ? ortk_constants_get_bytes : ortk_constants_get)(&program->constants, program->view,
                                                                                value->id, &entry));
            if (!is_bytes || !value->data) value->data = entry->data;
        }
    }
    return NULL;
}

void ortk_program_destroy(ortp_program *program) {
    if (!program) return;
    const ortp_host *host = program->host, *before = ortk_host_enter(host);
    for (ortk_packed_ref *ref = program->packed; ref; ref = ref->next)
        if (ref->packed) host->store->weight_release(host->context, ref->packed);
    ortk_constants_release(&program->constants);
    ortk_arena arena = program->arena; /* the program lives in it */
    ortk_arena_finish(&arena);
    ortk_host_leave(before);
}

static ort_status *program_create(ortp_instance *instance, const ortp_view *view, ortp_program **out) {
    ortk_arena arena;
    ortk_arena_init(&arena, instance->host);
    ortp_program *program = ortk_arena_alloc(&arena, sizeof *program);
    if (!program) return ortk_out_of_memory();
    program->arena = arena;
    program->instance = instance;
    program->host = instance->host;
    program->view = view;
    program->constants.arena = &program->arena;
    program->constants.host = instance->host;
    *out = program;
    return NULL;
}

static bool is_cancelled(const ortp_program *program, const ortp_cancel *cancel) {
    return cancel && program->host->exec->is_cancelled(cancel);
}

static ort_status *program_fill(ortp_program *program, const ortp_compile_args *args, const ortk_claim *claim) {
    program->precision = claim->precision;
    ORTK_TRY(ortk_program_read(program, args, claim));
    if (!(program->instance->settings.flags & ORTK_SETTING_NO_FUSION)) ORTK_TRY(ortk_program_fuse(program));
    ORTK_TRY(ortk_program_lay_out(program));
    for (uint32_t i = 0; i < program->op_count; i++) {
        if (is_cancelled(program, args->cancel))
            return ortk_fail(ORT_CODE_CANCELLED, "compiling was cancelled after %u of %u steps", (unsigned)i,
                             (unsigned)program->op_count);
        ORTK_TRY(op_compile(program, &program->ops[i]));
    }
    ORTK_TRY(constants_keep(program));
    program->view = NULL;
    return NULL;
}

ort_status *ortk_compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    *out = NULL;
    const ortp_host *before = ortk_host_enter(instance->host);
    ort_status *status = NULL;
    ortp_program *program = NULL;
    ortk_claim *claim = NULL;
    ORTK_TRY_TO(done, ortk_unknown_check("compile", args->flags, args->next));
    claim = ortk_claim_take(instance, args->token);
    if (!claim) {
        status = ortk_fail(ORT_CODE_INVALID_ARGUMENT, "token %llu is not open", (unsigned long long)args->token);
        goto done;
    }
    ORTK_TRY_TO(done, program_create(instance, args->view, &program));
    ORTK_TRY_TO(done, program_fill(program, args, claim));
    *out = program;
    program = NULL;
done:
    ortk_program_destroy(program);
    ortk_claim_destroy(claim);
    ortk_host_leave(before);
    return status;
}

ort_status *ortk_save(ortp_program *program, ortp_write_fn write, void *user) {
    (void)write;
    (void)user;
    const ortp_host *before = ortk_host_enter(program->host);
    ort_status *status = ortk_fail(ORT_CODE_UNSUPPORTED, "programs of this provider can't be saved");
    ortk_host_leave(before);
    return status;
}

ort_status *ortk_load(ortp_instance *instance, const ortp_compile_args *args, const void *data, uint64_t size_bytes,
                      uint32_t *out_answer, ort_string_view *out_reason, ortp_program **out) {
    (void)instance;
    (void)args;
    (void)data;
    (void)size_bytes;
    static const char reason[] = "programs of this provider can't be saved";
    *out = NULL;
    *out_answer = ORTP_IMAGE_REJECT;
    *out_reason = (ort_string_view){reason, sizeof reason - 1};
    return NULL;
}

const ortp_program_table ortk_program_table = {
    .size = sizeof(ortp_program_table),
    .compile = ortk_compile,
    .program_destroy = ortk_program_destroy,
    .prepare = ortk_prepare,
    .plan_describe = ortk_plan_describe,
    .plan_destroy = ortk_plan_destroy,
    .bind = ortk_bind,
    .rebind = ortk_rebind,
    .binding_destroy = ortk_binding_destroy,
    .run = ortk_run,
    .save = ortk_save,
    .load = ortk_load,
};
