/* RNN, GRU and LSTM, float32. One task walks through time in one direction for some rows of the batch: the inputs of a
 * block of steps go through one packed product, then each step adds the state's product and its gates. */
#include "adapters/heavy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    IN_X,
    IN_W,
    IN_R,
    IN_B,
    IN_LENGTHS,
    IN_H,
    IN_C,
    IN_PEEPHOLES,
    BLOCK_FLOATS = 32768, /* of gate sums: in the second cache beside the weights */
    ROWS_MIN = 4          /* of the batch in a task */
};

typedef enum cell_kind { CELL_RNN, CELL_GRU, CELL_LSTM } cell_kind;

/* A matrix [directions, sum of parts, k] as packed products, a part after the other. */
typedef struct pack_job {
    const ortcpu_kernels *kernels;
    int64_t directions, k;
    uint32_t part_count;
    int64_t parts[2]; /* rows of the matrix: columns of the product */
} pack_job;

typedef struct recurrent_params {
    cell_kind kind;
    int64_t gates, hidden, directions;
    bool is_reverse, batch_first, resets_products; /* GRU: linear_before_reset */
    ortcpu_cell cells[2];
    const char *w, *r; /* packed; NULL: computed at run */
    const float *bias; /* constant: of the sums, then of the state's products, for each direction */
} recurrent_params;

typedef struct recurrent_state {
    const recurrent_params *p;
    const ortcpu_kernels *kernels;
    int64_t steps, batch, input, sums; /* sums: gates * hidden */
    int64_t rows, block;               /* of a task, of a product */
    pack_job w_job, r_job;
    int64_t w_bytes, r_bytes; /* of one direction */
    int64_t x_row, x_step, y_row, y_step, y_direction, h_row, h_direction;
    /* For whole and last blocks of rows and of steps; the state's for the parts of R. */
    ortcpu_gemm_plan input_plans[2][2], state_plans[2][2];
    int64_t at_sums, at_products, at_h, at_c, at_bias, at_w, at_r, at_gemm; /* bytes of scratch */
} recurrent_state;

/* ---- weights ---- */

static int64_t aligned(int64_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static int64_t part_bytes(const pack_job *job, uint32_t part) {
    return aligned((int64_t)job->kernels->gemm_pack_bytes(job->parts[part], job->k));
}

static int64_t direction_bytes(const pack_job *job) {
    int64_t bytes = 0;
    for (uint32_t i = 0; i < job->part_count; i++) bytes += part_bytes(job, i);
    return bytes;
}

static void weights_pack(const void *user, const void *constant, void *packed) {
    const pack_job *job = user;
    const float *from = constant;
    char *to = packed;
    for (int64_t d = 0; d < job->directions; d++)
        for (uint32_t i = 0; i < job->part_count; i++) {
            job->kernels->gemm_pack(job->parts[i], job->k, from, 1, job->k, (float *)(void *)to);
            from += job->parts[i] * job->k;
            to += part_bytes(job, i);
        }
}

static pack_job job_of(const recurrent_params *p, const ortcpu_kernels *kernels, bool of_state, int64_t k) {
    pack_job job = {kernels, p->directions, k, 1, {p->gates * p->hidden, 0}};
    if (!of_state || p->kind != CELL_GRU || p->resets_products) return job;
    job.part_count = 2; /* z and r; then h, of the state that r has reset */
    job.parts[0] = 2 * p->hidden;
    job.parts[1] = p->hidden;
    return job;
}

static ort_status *weights_compile(ortk_compiler *compiler, const ortk_node *node, const recurrent_params *p,
                                   uint32_t index, const char **out) {
    const ortcpu_instance *instance = ortk_compiler_context(compiler);
    int64_t count = 0;
    const void *packed = NULL;
    if (!ortk_node_is_constant(node, index, &count)) return NULL;
    int64_t k = count / (p->directions * p->gates * p->hidden);
    pack_job job = job_of(p, instance->kernels, index == IN_R, k);
    char layout[64];
    snprintf(layout, sizeof layout, "recurrent-%s-%lld-p%u-v1", instance->kernels->name,
             (long long)instance->kernels->panel_floats, job.part_count);
    ort_status *status = ortk_compiler_pack(
        compiler, node, index, layout, (uint64_t)(job.directions * direction_bytes(&job)), weights_pack, &job, &packed);
    *out = packed;
    return status;
}

/* B is [W's biases, R's biases]. A state's own bias stays apart only where its product is reset before it is added. */
static void bias_add(const recurrent_params *p, const float *b, float *out) {
    const int64_t n = p->gates * p->hidden;
    for (int64_t i = 0; i < n; i++) {
        out[i] = p->resets_products ? b[i] : b[i] + b[n + i];
        out[n + i] = p->resets_products ? b[n + i] : 0;
    }
}

static ort_status *bias_compile(ortk_compiler *compiler, const ortk_node *node, recurrent_params *p) {
    int64_t count = 0, each = 2 * p->gates * p->hidden;
    const float *b = ortk_node_constant(node, IN_B, &count);
    if (b == NULL) return NULL;
    float *bias = ortk_compiler_alloc(compiler, (size_t)(p->directions * each) * sizeof *bias);
    if (bias == NULL) return ortk_out_of_memory();
    for (int64_t d = 0; d < p->directions; d++) bias_add(p, b + d * each, bias + d * each);
    p->bias = bias;
    return NULL;
}

/* ---- activations ---- */

static const struct {
    const char *name;
    ortcpu_gate_kind kind;
    bool has_alpha, has_beta;
    float alpha, beta; /* where the model gives none: those of the operators of that name */
} gates_known[] = {
    {"Sigmoid", ORTCPU_GATE_SIGMOID, false, false, 0, 0},
    {"Tanh", ORTCPU_GATE_TANH, false, false, 0, 0},
    {"Relu", ORTCPU_GATE_RELU, false, false, 0, 0},
    {"Affine", ORTCPU_GATE_AFFINE, true, true, 1, 0},
    {"LeakyRelu", ORTCPU_GATE_LEAKY_RELU, true, false, 0.01f, 0},
    {"ThresholdedRelu", ORTCPU_GATE_THRESHOLDED_RELU, true, false, 1, 0},
    {"ScaledTanh", ORTCPU_GATE_SCALED_TANH, true, true, 1, 1},
    {"HardSigmoid", ORTCPU_GATE_HARD_SIGMOID, true, true, 0.2f, 0.5f},
    {"Elu", ORTCPU_GATE_ELU, true, false, 1, 0},
    {"Softsign", ORTCPU_GATE_SOFTSIGN, false, false, 0, 0},
    {"Softplus", ORTCPU_GATE_SOFTPLUS, false, false, 0, 0},
};

enum { GATES_MAX = 6 };

typedef struct gate_reader {
    float alphas[GATES_MAX], betas[GATES_MAX];
    uint32_t alpha_count, beta_count, alphas_used, betas_used;
} gate_reader;

/* Alphas and betas are consumed in the order of the functions, by those that have them (ONNX LSTM-22). */
static bool gate_read(gate_reader *reader, ort_string_view name, ortcpu_gate *out) {
    for (size_t i = 0; i < sizeof gates_known / sizeof gates_known[0]; i++) {
        if (!ortk_view_is(name, gates_known[i].name)) continue;
        *out = (ortcpu_gate){gates_known[i].kind, gates_known[i].alpha, gates_known[i].beta};
        if (gates_known[i].has_alpha && reader->alphas_used < reader->alpha_count)
            out->alpha = reader->alphas[reader->alphas_used++];
        if (gates_known[i].has_beta && reader->betas_used < reader->beta_count)
            out->beta = reader->betas[reader->betas_used++];
        return true;
    }
    return false;
}

static uint32_t at_most(uint32_t count, uint32_t most) {
    return count < most ? count : most;
}

static ort_status *gates_compile(const ortk_node *node, recurrent_params *p) {
    static const char *const usual[][3] = {
        [CELL_RNN] = {"Tanh"}, [CELL_GRU] = {"Sigmoid", "Tanh"}, [CELL_LSTM] = {"Sigmoid", "Tanh", "Tanh"}};
    const uint32_t each = p->kind == CELL_LSTM ? 3 : p->kind == CELL_GRU ? 2 : 1;
    gate_reader reader = {0};
    ort_string_view names[GATES_MAX];
    const uint32_t given = at_most(ortk_attr_strings(node, "activations", names, GATES_MAX), GATES_MAX);
    reader.alpha_count = at_most(ortk_attr_floats(node, "activation_alpha", reader.alphas, GATES_MAX), GATES_MAX);
    reader.beta_count = at_most(ortk_attr_floats(node, "activation_beta", reader.betas, GATES_MAX), GATES_MAX);
    for (uint32_t i = 0; i < each * (uint32_t)p->directions; i++) {
        ortcpu_cell *cell = &p->cells[i / each];
        ortcpu_gate *gates[] = {&cell->f, &cell->g, &cell->h};
        ort_string_view name = {usual[p->kind][i % each], strlen(usual[p->kind][i % each])};
        if (i < given) name = names[i];
        if (!gate_read(&reader, name, gates[i % each]))
            return ortk_fail(ORT_CODE_INVALID_MODEL, "the activation '%.*s' is not known", (int)name.length, name.data);
    }
    return NULL;
}

/* ---- claim and compile ---- */

static int64_t hidden_of(const ortk_node *node) {
    int64_t hidden = ortk_attr_int(node, "hidden_size", 0);
    return hidden > 0 ? hidden : ortk_node_input_dim(node, IN_R, 2);
}

static bool claim(ortk_node *node) {
    if (hidden_of(node) > 0) return true;
    return ortk_decline(node, ORTP_DECLINE_SHAPE, "a number of hidden units that only the run tells");
}

static ort_status *compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    recurrent_params *p = params;
    const char *op = ortk_node_op(node);
    p->kind = strcmp(op, "LSTM") == 0 ? CELL_LSTM : strcmp(op, "GRU") == 0 ? CELL_GRU : CELL_RNN;
    p->gates = p->kind == CELL_LSTM ? 4 : p->kind == CELL_GRU ? 3 : 1;
    p->hidden = hidden_of(node);
    p->directions = ortk_attr_is(node, "direction", "forward", "bidirectional") ? 2 : 1;
    p->is_reverse = ortk_attr_is(node, "direction", "forward", "reverse");
    p->batch_first = ortk_attr_int(node, "layout", 0) != 0;
    p->resets_products = p->kind == CELL_GRU && ortk_attr_int(node, "linear_before_reset", 0) != 0;
    ort_status *status = gates_compile(node, p);
    for (uint32_t d = 0; d < 2; d++) {
        ortcpu_cell *cell = &p->cells[d];
        cell->hidden = p->hidden;
        cell->has_clip = ortk_attr_has(node, "clip");
        cell->clip = ortk_attr_float(node, "clip", INFINITY);
        cell->couples = ortk_attr_int(node, "input_forget", 0) != 0;
    }
    if (!status) status = weights_compile(compiler, node, p, IN_W, &p->w);
    if (!status) status = weights_compile(compiler, node, p, IN_R, &p->r);
    return status ? status : bias_compile(compiler, node, p);
}

/* ---- run ---- */

/* One task: one direction, some rows. */
typedef struct walk {
    const recurrent_state *s;
    const ortk_step *step;
    ortcpu_cell cell;
    int64_t direction, first, rows;
    bool is_last, is_backwards; /* is_last: the rows are fewer than other tasks' */
    const float *x;
    float *y; /* or NULL */
    const int32_t *lengths;
    const char *w, *r;
    const float *bias, *state_bias;
    float *sums, *products, *h, *c;
    void *gemm;
} walk;

static void *at(void *scratch, int64_t bytes) {
    return (char *)scratch + bytes;
}

static void weights_take(walk *w, void *scratch) {
    const recurrent_state *s = w->s;
    const recurrent_params *p = s->p;
    const int64_t d = w->direction, bias_floats = 2 * s->sums;
    pack_job w_job = s->w_job, r_job = s->r_job;
    w_job.directions = r_job.directions = 1;
    w->w = p->w ? p->w + d * s->w_bytes : at(scratch, s->at_w);
    w->r = p->r ? p->r + d * s->r_bytes : at(scratch, s->at_r);
    if (!p->w)
        weights_pack(&w_job, (const float *)ortk_in(w->step, IN_W) + d * s->sums * s->input, at(scratch, s->at_w));
    if (!p->r)
        weights_pack(&r_job, (const float *)ortk_in(w->step, IN_R) + d * s->sums * p->hidden, at(scratch, s->at_r));
    if (p->bias) {
        w->bias = p->bias + d * bias_floats;
    } else if (w->step->input_count > IN_B && ortk_in(w->step, IN_B)) {
        float *bias = at(scratch, s->at_bias);
        bias_add(p, (const float *)ortk_in(w->step, IN_B) + d * bias_floats, bias);
        w->bias = bias;
    }
    w->state_bias = w->bias && p->resets_products ? w->bias + s->sums : NULL;
}

static const void *optional(const ortk_step *step, uint32_t index) {
    return step->input_count > index ? ortk_in(step, index) : NULL;
}

/* Rows of the state between the operator's layout and the task's own; a NULL source is zeros. */
static void states_take(const walk *w, const float *from, float *to) {
    const recurrent_state *s = w->s;
    const int64_t hidden = s->p->hidden;
    for (int64_t n = 0; n < w->rows; n++) {
        if (from)
            memcpy(to + n * hidden, from + w->direction * s->h_direction + (w->first + n) * s->h_row,
                   (size_t)hidden * sizeof *to);
        else
            memset(to + n * hidden, 0, (size_t)hidden * sizeof *to);
    }
}

static void states_give(const walk *w, const float *from, float *to) {
    const recurrent_state *s = w->s;
    const int64_t hidden = s->p->hidden;
    for (int64_t n = 0; to && n < w->rows; n++)
        memcpy(to + w->direction * s->h_direction + (w->first + n) * s->h_row, from + n * hidden,
               (size_t)hidden * sizeof *to);
}

static void inputs_multiply(const walk *w, int64_t from, bool is_last_block) {
    const recurrent_state *s = w->s;
    const ortcpu_gemm_plan *plan = &s->input_plans[w->is_last][is_last_block];
    const ortcpu_gemm_args args = {.a = w->x + from * s->x_step,
                                   .b = (const float *)(const void *)w->w,
                                   .c = w->sums,
                                   .a_stride = s->x_step,
                                   .c_stride = w->rows * s->sums,
                                   .epilogue = {.bias = w->bias}};
    s->kernels->gemm_run(plan, &args, 0, plan->task_count, w->gemm);
}

/* c = a * part of R, added to what is there unless `bias` or nothing comes instead. */
static void state_multiply(const walk *w, uint32_t part, const float *a, float *c, bool adds) {
    const recurrent_state *s = w->s;
    const ortcpu_gemm_plan *plan = &s->state_plans[w->is_last][part];
    const char *r = part ? w->r + part_bytes(&s->r_job, 0) : w->r;
    ortcpu_gemm_args args = {.a = a, .b = (const float *)(const void *)r, .c = c};
    if (adds) {
        args.epilogue.residual = c;
        args.epilogue.residual_pitch = s->sums;
    } else {
        args.epilogue.bias = w->state_bias;
    }
    s->kernels->gemm_run(plan, &args, 0, plan->task_count, w->gemm);
}

static void products_make(const walk *w, float *sums) {
    const recurrent_state *s = w->s;
    const int64_t hidden = s->p->hidden;
    if (s->p->resets_products) {
        state_multiply(w, 0, w->h, w->products, false);
        return;
    }
    state_multiply(w, 0, w->h, sums, true);
    if (s->p->kind != CELL_GRU) return;
    for (int64_t n = 0; n < w->rows; n++) {
        const ortcpu_cell_step reset = {sums + n * s->sums, NULL, w->h + n * hidden, NULL, w->products + n * hidden};
        s->kernels->gru_reset(&w->cell, &reset);
    }
    state_multiply(w, 1, w->products, sums + 2 * hidden, true);
}

static void step_walk(const walk *w, int64_t t, float *sums) {
    const recurrent_state *s = w->s;
    const recurrent_params *p = s->p;
    ortcpu_cell_fn *const cell = p->kind == CELL_LSTM  ? s->kernels->lstm_cell
                                 : p->kind == CELL_GRU ? s->kernels->gru_cell
                                                       : s->kernels->rnn_cell;
    products_make(w, sums);
    for (int64_t n = 0; n < w->rows; n++) {
        float *y = w->y ? w->y + t * s->y_step + n * s->y_row : NULL;
        if (w->lengths && t >= w->lengths[w->first + n]) { /* the state stays, the output is 0 */
            if (y) memset(y, 0, (size_t)p->hidden * sizeof *y);
            continue;
        }
        const ortcpu_cell_step step = {sums + n * s->sums, p->resets_products ? w->products + n * s->sums : NULL,
                                       w->h + n * p->hidden, w->c + n * p->hidden, y};
        cell(&w->cell, &step);
    }
}

static void time_walk(const walk *w) {
    const recurrent_state *s = w->s;
    const int64_t blocks = (s->steps + s->block - 1) / s->block;
    for (int64_t i = 0; i < blocks; i++) {
        const int64_t b = w->is_backwards ? blocks - 1 - i : i, from = b * s->block;
        const int64_t count = s->steps - from < s->block ? s->steps - from : s->block;
        inputs_multiply(w, from, b == blocks - 1);
        for (int64_t k = 0; k < count; k++) {
            const int64_t t = w->is_backwards ? count - 1 - k : k;
            step_walk(w, from + t, w->sums + t * w->rows * s->sums);
        }
    }
}

static void recurrent_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    const recurrent_state *s = step->state;
    const recurrent_params *p = s->p;
    for (int64_t task = begin; task < end; task++) {
        const int64_t d = task % p->directions, first = task / p->directions * s->rows;
        walk w = {
            .s = s, .step = step, .cell = p->cells[d], .direction = d, .first = first, .gemm = at(scratch, s->at_gemm)};
        const float *peepholes = optional(step, IN_PEEPHOLES);
        float *y = ortk_out(step, 0);
        w.rows = s->batch - first < s->rows ? s->batch - first : s->rows;
        w.is_last = w.rows < s->rows;
        w.is_backwards = p->is_reverse || d == 1;
        w.lengths = optional(step, IN_LENGTHS);
        w.x = (const float *)ortk_in(step, IN_X) + first * s->x_row;
        w.y = y ? y + d * s->y_direction + first * s->y_row : NULL;
        w.sums = at(scratch, s->at_sums);
        w.products = at(scratch, s->at_products);
        w.h = at(scratch, s->at_h);
        w.c = at(scratch, s->at_c);
        if (p->kind == CELL_LSTM && peepholes) w.cell.peephole = peepholes + d * 3 * p->hidden;
        weights_take(&w, scratch);
        states_take(&w, optional(step, IN_H), w.h);
        states_take(&w, p->kind == CELL_LSTM ? optional(step, IN_C) : NULL, w.c);
        time_walk(&w);
        if (step->output_count > 1) states_give(&w, w.h, ortk_out(step, 1));
        if (step->output_count > 2) states_give(&w, w.c, ortk_out(step, 2));
    }
}

/* ---- plan ---- */

static void strides_set(recurrent_state *s, bool batch_first) {
    const int64_t hidden = s->p->hidden, directions = s->p->directions;
    s->x_row = batch_first ? s->steps * s->input : s->input;
    s->x_step = batch_first ? s->input : s->batch * s->input;
    s->y_direction = batch_first ? hidden : s->batch * hidden;
    s->y_row = batch_first ? s->steps * directions * hidden : hidden;
    s->y_step = directions * (batch_first ? hidden : s->batch * hidden);
    s->h_direction = batch_first ? hidden : s->batch * hidden;
    s->h_row = batch_first ? directions * hidden : hidden;
}

/* The products of `rows` rows over `steps` steps: one where the inputs lie at one pitch, else one for each step. */
static void input_product_plan(recurrent_state *s, int64_t rows, int64_t steps, ortcpu_gemm_plan *out) {
    ortcpu_gemm_shape g = {.m = rows,
                           .n = s->sums,
                           .k = s->input,
                           .batch = steps,
                           .a_row_stride = s->x_row,
                           .b_packed = true,
                           .c_row_stride = s->sums};
    if (rows == 1 || rows * s->x_row == s->x_step) {
        g.m = rows * steps;
        g.batch = 1;
        if (rows == 1) g.a_row_stride = s->x_step;
    }
    s->kernels->gemm_plan(&g, 1, out);
}

static size_t products_plan(recurrent_state *s) {
    const int64_t rows[] = {s->rows, s->batch % s->rows}, steps[] = {s->block, s->steps % s->block};
    size_t scratch = 0;
    for (int i = 0; i < 2; i++) {
        const int64_t row_count = i == 0 || rows[1] == 0 ? rows[0] : rows[1];
        for (int k = 0; k < 2; k++) {
            input_product_plan(s, row_count, k == 0 || steps[1] == 0 ? steps[0] : steps[1], &s->input_plans[i][k]);
            if (s->input_plans[i][k].scratch_bytes > scratch) scratch = s->input_plans[i][k].scratch_bytes;
        }
        for (uint32_t part = 0; part < s->r_job.part_count; part++) {
            const ortcpu_gemm_shape g = {.m = row_count,
                                         .n = s->r_job.parts[part],
                                         .k = s->p->hidden,
                                         .a_row_stride = s->p->hidden,
                                         .b_packed = true,
                                         .c_row_stride = s->sums};
            s->kernels->gemm_plan(&g, 1, &s->state_plans[i][part]);
            if (s->state_plans[i][part].scratch_bytes > scratch) scratch = s->state_plans[i][part].scratch_bytes;
        }
    }
    return scratch;
}

static int64_t scratch_lay(recurrent_state *s, size_t gemm_bytes) {
    const int64_t floats = (int64_t)sizeof(float), hidden = s->rows * s->p->hidden, sums = s->rows * s->sums;
    int64_t bytes = 0;
    const struct {
        int64_t *place, bytes;
    } parts[] = {{&s->at_sums, s->block * sums * floats},
                 {&s->at_products, sums * floats},
                 {&s->at_h, hidden * floats},
                 {&s->at_c, hidden * floats},
                 {&s->at_bias, s->p->bias ? 0 : 2 * s->sums * floats},
                 {&s->at_w, s->p->w ? 0 : s->w_bytes},
                 {&s->at_r, s->p->r ? 0 : s->r_bytes},
                 {&s->at_gemm, (int64_t)gemm_bytes}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].place = bytes;
        bytes += aligned(parts[i].bytes);
    }
    return bytes;
}

static void tasks_choose(recurrent_state *s, int64_t threads) {
    const int64_t wanted = (threads + s->p->directions - 1) / s->p->directions, most = s->batch / ROWS_MIN;
    const int64_t splits = wanted < most ? wanted : most > 1 ? most : 1;
    s->rows = (s->batch + splits - 1) / splits;
    s->block = BLOCK_FLOATS / (s->rows * s->sums);
    if (s->block > s->steps) s->block = s->steps;
    if (s->block < 1) s->block = 1;
}

static ort_status *plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                        const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    const recurrent_params *p = params;
    const ortcpu_instance *instance = ortk_planner_context(planner);
    (void)out, (void)out_count;
    recurrent_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (!s) return ortk_out_of_memory();
    *s = (recurrent_state){.p = p, .kernels = instance->kernels, .sums = p->gates * p->hidden};
    s->steps = in[IN_X].dims[p->batch_first];
    s->batch = in[IN_X].dims[!p->batch_first];
    s->input = in[IN_X].dims[2];
    if (s->batch == 0) return NULL;
    if (in[IN_W].dims[2] != s->input || in[IN_R].dims[2] != p->hidden || in[IN_W].dims[0] != p->directions)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "%lld numbers a step into weights for %lld", (long long)s->input,
                         (long long)in[IN_W].dims[2]);
    const int64_t states = p->directions * s->batch * p->hidden;
    const int64_t counts[] = {[IN_W] = p->directions * s->sums * s->input,
                              [IN_R] = p->directions * s->sums * p->hidden,
                              [IN_B] = p->directions * 2 * s->sums,
                              [IN_LENGTHS] = s->batch,
                              [IN_H] = states,
                              [IN_C] = states,
                              [IN_PEEPHOLES] = p->directions * 3 * p->hidden};
    for (uint32_t i = IN_W; i < in_count && i <= IN_PEEPHOLES; i++)
        if (in[i].is_present && in[i].element_count != counts[i])
            return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "input %u has %lld elements instead of %lld", i,
                             (long long)in[i].element_count, (long long)counts[i]);
    s->w_job = job_of(p, s->kernels, false, s->input);
    s->r_job = job_of(p, s->kernels, true, p->hidden);
    s->w_bytes = direction_bytes(&s->w_job);
    s->r_bytes = direction_bytes(&s->r_job);
    strides_set(s, p->batch_first);
    tasks_choose(s, ortk_planner_thread_count(planner));
    step->run = recurrent_run;
    step->state = s;
    step->task_count = p->directions * ((s->batch + s->rows - 1) / s->rows);
    step->scratch_bytes = (uint64_t)scratch_lay(s, products_plan(s));
    step->cost_ns = (double)(p->directions * s->batch * s->steps) *
                    (100 + (double)(s->sums * (s->input + p->hidden)) * ORTCPU_MULTIPLY_ADD_NS);
    return NULL;
}

#define RECURRENT(NAME)                                                                                                \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = 7, .until_version = 9999, .types = ORT_DTYPE_BIT(ORT_DTYPE_F32),    \
        .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(recurrent_params), .claim = claim, .compile = compile,          \
        .plan = plan                                                                                                   \
    }
static const ortk_kernel kernels[] = {RECURRENT("RNN"), RECURRENT("GRU"), RECURRENT("LSTM")};
const ortcpu_op_table ortcpu_heavy_recurrent = {kernels, 3};
