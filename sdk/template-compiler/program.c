/* Programs, plans, bindings and runs. */
#include "weld.h"

#define CHUNK_BLOCKS 16 /* blocks that one task computes: 4,096 elements */

struct ortp_program {
    const ortp_host *host;
    ortp_instance *instance;
    weld_claim *claim; /* for the ids of its nodes in profiles */
    weld_code code;
    uint32_t output; /* a value of the piece's shape */
    uint32_t symbol_count;
    uint8_t *is_size; /* for each symbol: the count of elements depends on it */
};

struct ortp_plan {
    const ortp_program *program;
    int64_t element_count;
    uint32_t thread_count;
    ortp_symbol_range *ranges; /* one for each symbol */
};

struct ortp_binding {
    const ortp_plan *plan;
    float *registers;
    const float **inputs;
    float **outputs;
};

/* ---- compile, save, load ---- */

static void program_destroy(ortp_program *program) {
    if (!program) return;
    const ortp_host *host = program->host;
    weld_claim_destroy(host, program->claim);
    weld_code_finish(host, &program->code);
    weld_release(host, program->is_size);
    weld_release(host, program);
}

/* Which symbols the shape depends on: those without which a dimension has no number. */
static ort_status *sizes_find(ortp_program *program, const ortp_compile_args *args) {
    const ortp_host *host = program->host;
    ortp_graph_info graph = {.size = sizeof graph};
    ortp_value_info value = {.size = sizeof value};
    WELD_TRY(host->graph->graph(args->view, &graph));
    WELD_TRY(host->graph->value(args->view, program->output, &value));
    int64_t *symbols = weld_alloc(host, graph.symbol_count, sizeof *symbols), number;
    program->is_size = weld_alloc(host, graph.symbol_count, 1);
    program->symbol_count = graph.symbol_count;
    if (!symbols || !program->is_size) {
        weld_release(host, symbols);
        return ortk_out_of_memory();
    }
    for (uint32_t i = 0; i < graph.symbol_count; i++) symbols[i] = 1;
    for (uint32_t i = 0; i < graph.symbol_count; i++) {
        symbols[i] = ORTP_DIM_UNKNOWN;
        for (uint32_t d = 0; d < value.rank; d++)
            if (value.dims[d] < 0 &&
                !host->graph->dim_eval(args->view, value.dims[d], symbols, graph.symbol_count, &number))
                program->is_size[i] = 1;
        symbols[i] = 1;
    }
    weld_release(host, symbols);
    return NULL;
}

/* A program without code: what compile and load have in common. */
static ort_status *program_create(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    const ortp_host *host = ortk_instance_host(instance);
    WELD_TRY(ortk_unknown_check("compile", args->flags, args->next));
    weld_claim *claim = weld_claim_take(instance, args->token);
    if (!claim) return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "token %llu is not open", (unsigned long long)args->token);
    ortp_program *program = weld_alloc(host, 1, sizeof *program);
    if (!program) {
        weld_claim_destroy(host, claim);
        return ortk_out_of_memory();
    }
    *program = (ortp_program){.host = host, .instance = instance, .claim = claim};
    ortp_node_info node = {.size = sizeof node};
    ort_status *status = host->graph->node(args->view, claim->nodes[0], &node);
    if (!status) {
        program->output = node.outputs[0];
        status = sizes_find(program, args);
    }
    if (status) {
        program_destroy(program);
        return status;
    }
    *out = program;
    return NULL;
}

static ort_status *compile(ortp_instance *instance, const ortp_compile_args *args, ortp_program **out) {
    const ortp_host *before = ortk_host_enter(ortk_instance_host(instance));
    ortp_program *program = NULL;
    *out = NULL;
    ort_status *status = program_create(instance, args, &program);
    if (!status) status = weld_code_make(instance, args, program->claim, &program->code);
    if (status)
        program_destroy(program);
    else
        *out = program;
    ortk_host_leave(before);
    return status;
}

static ort_status *save(ortp_program *program, ortp_write_fn write, void *user) {
    return weld_image_write(&program->code, write, user);
}

static ort_status *image_use(ortp_instance *instance, const ortp_compile_args *args, weld_code *code,
                             uint32_t *out_answer, const char **out_reason, ortp_program **out) {
    ortp_program *program = NULL;
    uint64_t source = 0;
    WELD_TRY(program_create(instance, args, &program));
    ort_status *status = weld_source(instance, args, program->claim, &source);
    bool fits =
        source == code->source && code->input_count == args->input_count && code->output_count == args->output_count;
    if (status || !fits) {
        program_destroy(program);
        *out_answer = ORTP_IMAGE_RECOMPILE;
        *out_reason = "the image was made from another piece of graph";
        return status;
    }
    program->code = *code;
    *code = (weld_code){0};
    *out = program;
    return NULL;
}

static ort_status *load(ortp_instance *instance, const ortp_compile_args *args, const void *data, uint64_t size_bytes,
                        uint32_t *out_answer, ort_string_view *out_reason, ortp_program **out) {
    const ortp_host *host = ortk_instance_host(instance), *before = ortk_host_enter(host);
    const char *reason = "";
    weld_code code;
    *out = NULL;
    ort_status *status = weld_image_read(host, data, size_bytes, &code, out_answer, &reason);
    if (!status && *out_answer == ORTP_IMAGE_OPTIMAL)
        status = image_use(instance, args, &code, out_answer, &reason, out);
    weld_code_finish(host, &code);
    *out_reason = (ort_string_view){reason, strlen(reason)};
    ortk_host_leave(before);
    return status;
}

/* ---- prepare ---- */

static void plan_destroy(ortp_plan *plan) {
    if (!plan) return;
    const ortp_host *host = plan->program->host;
    weld_release(host, plan->ranges);
    weld_release(host, plan);
}

static ort_status *plan_fill(ortp_plan *plan, const ortp_prepare_args *args) {
    const ortp_program *program = plan->program;
    const ortp_host *host = program->host;
    ortp_shape shape = {.size = sizeof shape};
    WELD_TRY(ortk_unknown_check("prepare", args->flags, args->next));
    WELD_TRY(host->infer->shape(args->shapes, program->output, &shape));
    if (shape.is_partial) return ortk_fail(ORT_CODE_UNSUPPORTED, "a size that only the run can tell");
    plan->element_count = 1;
    for (uint32_t i = 0; i < shape.rank; i++) plan->element_count *= shape.dims[i];
    plan->thread_count = host->exec->thread_count_max(host->context);
    if (plan->thread_count == 0) plan->thread_count = 1;
    plan->ranges = weld_alloc(host, program->symbol_count, sizeof *plan->ranges);
    if (!plan->ranges) return ortk_out_of_memory();
    /* The plan holds for every value of the symbols that the piece's size does not depend on. */
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        bool is_fixed = program->is_size[i] && i < args->symbol_count;
        plan->ranges[i] = (ortp_symbol_range){.symbol = i,
                                              .min = is_fixed ? args->symbols[i] : 0,
                                              .opt = i < args->symbol_count ? args->symbols[i] : 0,
                                              .max = is_fixed ? args->symbols[i] : INT64_MAX};
    }
    return NULL;
}

static ort_status *prepare(ortp_program *program, const ortp_prepare_args *args, ortp_plan **out) {
    const ortp_host *before = ortk_host_enter(program->host);
    ortp_plan *plan = weld_alloc(program->host, 1, sizeof *plan);
    *out = NULL;
    if (plan) plan->program = program;
    ort_status *status = plan ? plan_fill(plan, args) : ortk_out_of_memory();
    if (status)
        plan_destroy(plan);
    else
        *out = plan;
    ortk_host_leave(before);
    return status;
}

/* Registers for one thread. */
static uint64_t registers_bytes(const ortp_plan *plan) {
    return (uint64_t)plan->program->code.register_count * WELD_BLOCK * sizeof(float);
}

static void plan_describe(const ortp_plan *plan, ortp_plan_info *out) {
    ortp_plan_info info = {
        .workspace_bytes = registers_bytes(plan) * plan->thread_count,
        .workspace_align_bytes = 64,
        .launch_count = 1,
        .ranges = plan->program->symbol_count ? plan->ranges : NULL,
        .range_count = plan->program->symbol_count,
    };
    uint32_t size = out->size < sizeof info ? out->size : (uint32_t)sizeof info;
    memcpy(out, &info, size);
    out->size = size;
}

/* ---- bind ---- */

static const ortp_tensor_arg *arg_at(const ortp_tensor_arg *args, uint32_t stride, uint32_t index) {
    return (const ortp_tensor_arg *)(const void *)((const unsigned char *)args + (size_t)stride * index);
}

/* is_rebind: an argument without an address stays as it is. */
static ort_status *arg_check(const ortp_tensor_arg *arg, uint64_t size_bytes, bool is_rebind, const char *what,
                             uint32_t index) {
    if (is_rebind && !ortk_host_address(arg)) return NULL;
    return ortk_arg_check(arg, size_bytes, what, index);
}

static ort_status *args_check(const ortp_plan *plan, const ortp_bind_args *args, uint32_t stride, bool is_rebind) {
    const weld_code *code = &plan->program->code;
    uint64_t size_bytes = (uint64_t)plan->element_count * sizeof(float);
    WELD_TRY(ortk_unknown_check(is_rebind ? "rebind" : "bind", args->flags, args->next));
    if (args->input_count != code->input_count || args->output_count != code->output_count)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%u inputs and %u outputs are bound: there are %u and %u",
                         (unsigned)args->input_count, (unsigned)args->output_count, (unsigned)code->input_count,
                         (unsigned)code->output_count);
    for (uint32_t i = 0; i < args->input_count; i++)
        WELD_TRY(arg_check(arg_at(args->inputs, stride, i), size_bytes, is_rebind, "input", i));
    for (uint32_t i = 0; i < args->output_count; i++)
        WELD_TRY(arg_check(arg_at(args->outputs, stride, i), size_bytes, is_rebind, "output", i));
    return arg_check(&args->workspace, registers_bytes(plan) * plan->thread_count, is_rebind, "workspace", 0);
}

/* Checks everything, then writes: what fails changes nothing. */
static ort_status *args_read(ortp_binding *binding, const ortp_bind_args *args, bool is_rebind) {
    uint32_t stride = args->arg_stride ? args->arg_stride : (uint32_t)sizeof(ortp_tensor_arg);
    void *address;
    WELD_TRY(args_check(binding->plan, args, stride, is_rebind));
    for (uint32_t i = 0; i < args->input_count; i++)
        if ((address = ortk_host_address(arg_at(args->inputs, stride, i)))) binding->inputs[i] = address;
    for (uint32_t i = 0; i < args->output_count; i++)
        if ((address = ortk_host_address(arg_at(args->outputs, stride, i)))) binding->outputs[i] = address;
    if ((address = ortk_host_address(&args->workspace))) binding->registers = address;
    return NULL;
}

static void binding_destroy(ortp_binding *binding) {
    if (!binding) return;
    const ortp_host *host = binding->plan->program->host;
    weld_release(host, binding->inputs);
    weld_release(host, binding->outputs);
    weld_release(host, binding);
}

static ort_status *bind(ortp_plan *plan, const ortp_bind_args *args, ortp_binding **out) {
    const ortp_host *host = plan->program->host, *before = ortk_host_enter(host);
    const weld_code *code = &plan->program->code;
    ort_status *status = NULL;
    *out = NULL;
    ortp_binding *binding = weld_alloc(host, 1, sizeof *binding);
    if (binding) {
        binding->plan = plan;
        binding->inputs = weld_alloc(host, code->input_count, sizeof *binding->inputs);
        binding->outputs = weld_alloc(host, code->output_count, sizeof *binding->outputs);
    }
    if (!binding || !binding->inputs || !binding->outputs) status = ortk_out_of_memory();
    if (!status) status = args_read(binding, args, false);
    if (status)
        binding_destroy(binding);
    else
        *out = binding;
    ortk_host_leave(before);
    return status;
}

static ort_status *rebind(ortp_binding *binding, const ortp_bind_args *args) {
    const ortp_host *before = ortk_host_enter(binding->plan->program->host);
    ort_status *status = args_read(binding, args, true);
    ortk_host_leave(before);
    return status;
}

/* ---- run ---- */

typedef struct task {
    const ortp_binding *binding;
    uint64_t registers_stride; /* floats from one thread's registers to the next */
} task;

static void task_run(void *user, int64_t begin, int64_t end, uint32_t slot) {
    const task *t = user;
    const ortp_binding *binding = t->binding;
    weld_machine_run(&binding->plan->program->code, binding->inputs, binding->outputs, binding->plan->element_count,
                     begin, end, binding->registers + t->registers_stride * slot);
}

/* Why the run does not begin; NULL: it does. */
static ort_status *stopped(const ortp_host *host, const ortp_run_args *args) {
    ort_code code = ORT_CODE_OK;
    if (args->cancel && host->exec->is_cancelled(args->cancel)) code = ORT_CODE_CANCELLED;
    if (args->deadline_ns && host->core->clock_ns() >= args->deadline_ns) code = ORT_CODE_DEADLINE;
    const ortp_host *before = ortk_host_enter(host);
    ort_status *status = ortk_unknown_check("run", args->flags, args->next);
    if (!status && code != ORT_CODE_OK)
        status = ortk_fail(code, "the run was %s", code == ORT_CODE_CANCELLED ? "cancelled" : "late");
    ortk_host_leave(before);
    return status;
}

static ort_status *waits_settle(const ortp_host *host, const ortp_run_args *args) {
    uint64_t now = args->deadline_ns ? host->core->clock_ns() : 0;
    uint64_t timeout = !args->deadline_ns ? UINT64_MAX : args->deadline_ns > now ? args->deadline_ns - now : 0;
    for (uint32_t i = 0; args->order && i < args->order->wait_count; i++)
        WELD_TRY(ortk_inline_queue.point_wait(args->order->waits[i], timeout));
    return NULL;
}

/* Inline: the work is done on return. The host's team computes it, the caller among them. */
static ort_status *run(ortp_binding *binding, const ortp_run_args *args) {
    const ortp_plan *plan = binding->plan;
    const ortp_program *program = plan->program;
    const ortp_host *host = program->host;
    task t = {binding, registers_bytes(plan) / sizeof(float)};
    WELD_TRY(waits_settle(host, args));
    WELD_TRY(stopped(host, args));
    uint64_t begin = args->span ? host->core->clock_ns() : 0;
    int64_t block_count = (plan->element_count + WELD_BLOCK - 1) / WELD_BLOCK;
    if (block_count) host->exec->parallel_for(args->lane, block_count, CHUNK_BLOCKS, task_run, &t);
    if (args->span && host->trace)
        host->trace->span(args->span, program->claim->nodes, program->claim->node_count,
                          (ort_string_view)ORTK_VIEW_LIT("weld"), begin, host->core->clock_ns());
    if (!args->order || !args->order->signal.timeline) return NULL;
    return ortk_inline_queue.host_signal(args->order->signal.timeline, args->order->signal.value, NULL);
}

const ortp_program_table weld_program_table = {
    .size = sizeof(ortp_program_table),
    .compile = compile,
    .program_destroy = program_destroy,
    .prepare = prepare,
    .plan_describe = plan_describe,
    .plan_destroy = plan_destroy,
    .bind = bind,
    .rebind = rebind,
    .binding_destroy = binding_destroy,
    .run = run,
    .save = save,
    .load = load,
};
