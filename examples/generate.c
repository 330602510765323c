/* generate.c: a language model that goes on from a prompt: tokens in, tokens out, as numbers.
 * Usage: generate MODEL [--threads N] [--seed N] [--count N] [--temperature X] [TOKEN ...]
 * The model is a decoder with a cache: it takes input_ids, position_ids, attention_mask and, under any other name, what
 * it remembers of each layer; its first output are the logits, its others the new memories in the same order. A past
 * has its tokens in the last dimension but one. Without a seed, or with 0, each token is the likeliest one; with one it
 * is drawn, and the same seed draws the same text. */
#include <math.h>
#include <ort/ort.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 256, TOKENS_MAX = 1024, DIMS_MAX = 32 };

typedef struct decoder {
    ort_session *session;
    uint32_t input_count, output_count;
    ort_tensor *inputs[VALUES_MAX], *outputs[VALUES_MAX];
    int64_t tokens[TOKENS_MAX], positions[TOKENS_MAX], ones[TOKENS_MAX];
    int64_t past_count, token_count; /* how many tokens the past holds, and how many there are */
    uint64_t random;                 /* 0: the likeliest token */
    double temperature;
} decoder;

/* A row of integers, of the type that the model wants. */
static ort_status *row_create(ort_dtype dtype, const int64_t *values, int64_t count, ort_tensor **out) {
    ort_status *status = ort_tensor_create(dtype, (const int64_t[]){1, count}, 2, out);
    for (int64_t i = 0; !status && i < count; i++)
        if (dtype == ORT_DTYPE_I32)
            ((int32_t *)ort_tensor_data(*out))[i] = (int32_t)values[i];
        else if (dtype == ORT_DTYPE_I64)
            ((int64_t *)ort_tensor_data(*out))[i] = values[i];
    return status;
}

/* What the last step remembered, or nothing yet: a tensor of no tokens. */
static ort_status *past_take(decoder *d, const ort_value_info *info, uint32_t past, ort_tensor **out) {
    int64_t dims[DIMS_MAX] = {0};
    *out = d->outputs[past];
    d->outputs[past] = NULL;
    if (*out) return NULL;
    for (uint32_t i = 0; i < info->rank; i++) dims[i] = info->dims[i] < 0 ? 1 : info->dims[i];
    if (info->rank > 1) dims[info->rank - 2] = 0;
    return ort_tensor_create(info->dtype, dims, info->rank, out);
}

static ort_status *input_make(decoder *d, uint32_t index, uint32_t *past) {
    const int64_t fresh = d->token_count - d->past_count;
    const struct {
        const char *name;
        const int64_t *values;
        int64_t count;
    } rows[] = {{"input_ids", d->tokens + d->past_count, fresh},
                {"position_ids", d->positions + d->past_count, fresh},
                {"attention_mask", d->ones, d->token_count}};
    ort_value_info info = ORT_INIT(ort_value_info);
    ort_status *status = ort_session_input(d->session, index, &info);
    if (status) return status;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(info.name, rows[i].name))
            return row_create(info.dtype, rows[i].values, rows[i].count, &d->inputs[index]);
    return past_take(d, &info, ++*past, &d->inputs[index]);
}

static void tensors_release(ort_tensor **tensors, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        ort_tensor_release(tensors[i]);
        tensors[i] = NULL;
    }
}

/* Runs the tokens that the past doesn't hold yet. */
static ort_status *step(decoder *d) {
    uint32_t past = 0;
    ort_status *status = NULL;
    for (uint32_t i = 0; !status && i < d->input_count; i++) status = input_make(d, i, &past);
    tensors_release(d->outputs, d->output_count);
    if (!status) status = ort_session_run(d->session, d->inputs, d->input_count, d->outputs, d->output_count, NULL);
    tensors_release(d->inputs, d->input_count);
    d->past_count = d->token_count;
    return status;
}

/* IEEE 754 binary16. */
static double half_value(uint16_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent ? ldexp(fraction + 1024, exponent - 25) : ldexp(fraction, -24);
    return bits >> 15 ? -size : size;
}

static double logit(const ort_tensor *logits, int64_t index) {
    const void *data = ort_tensor_data_const(logits);
    return ort_tensor_dtype(logits) == ORT_DTYPE_F16 ? half_value(((const uint16_t *)data)[index])
                                                     : (double)((const float *)data)[index];
}

/* In [0, 1). Marsaglia, "Xorshift RNGs", 2003: the triple 13, 7, 17. */
static double random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double)(*state >> 11) * 0x1p-53;
}

/* The next token by the last row of the logits; -1 when they can't be read. */
static int64_t choose(decoder *d) {
    const ort_tensor *logits = d->outputs[0];
    ort_dtype dtype = ort_tensor_dtype(logits);
    uint32_t rank = ort_tensor_rank(logits);
    int64_t all = ort_tensor_element_count(logits);
    if ((dtype != ORT_DTYPE_F32 && dtype != ORT_DTYPE_F16) || !all || !rank) return -1;
    int64_t begin = all - ort_tensor_dims(logits)[rank - 1], best = begin;
    for (int64_t i = begin; i < all; i++)
        if (logit(logits, i) > logit(logits, best)) best = i;
    if (!d->random) return best - begin;
    double sum = 0, top = logit(logits, best);
    for (int64_t i = begin; i < all; i++) sum += exp((logit(logits, i) - top) / d->temperature);
    double left = random_next(&d->random) * sum;
    for (int64_t i = begin; i < all; i++)
        if ((left -= exp((logit(logits, i) - top) / d->temperature)) < 0) return i - begin;
    return best - begin; /* rounding left a little over */
}

static bool is_row(const char *name) {
    return !strcmp(name, "input_ids") || !strcmp(name, "position_ids") || !strcmp(name, "attention_mask");
}

/* Whether every input is a row of integers or a past with an output of its own. */
static bool is_decoder(decoder *d) {
    uint32_t past_count = 0;
    d->input_count = ort_session_input_count(d->session);
    d->output_count = ort_session_output_count(d->session);
    if (d->input_count > VALUES_MAX || d->output_count > VALUES_MAX) return false;
    for (uint32_t i = 0; i < d->input_count; i++) {
        ort_value_info info = ORT_INIT(ort_value_info);
        ort_status *status = ort_session_input(d->session, i, &info);
        if (status) return ort_status_destroy(status), false;
        if (info.rank > DIMS_MAX) return false;
        if (!is_row(info.name))
            past_count++;
        else if (info.dtype != ORT_DTYPE_I32 && info.dtype != ORT_DTYPE_I64)
            return false;
    }
    return d->output_count == past_count + 1;
}

/* Prints `count` more tokens. */
static ort_status *generate(decoder *d, int64_t count, int *out_exit) {
    ort_status *status = NULL;
    int64_t token = 0;
    for (int64_t i = 0; i < count; i++) {
        status = step(d);
        if (!status) token = choose(d);
        if (status || token < 0) break;
        printf(i ? " %lld" : "%lld", (long long)token);
        d->tokens[d->token_count++] = token;
    }
    puts("");
    if (token < 0) fprintf(stderr, "generate: the first output is no logits of float32 or float16\n");
    *out_exit = status || token < 0;
    return status;
}

typedef struct settings {
    const char *model, *threads;
    int64_t seed, count;
    double temperature;
} settings;

/* A whole number that is not negative, and nothing behind it. */
static bool whole_read(const char *text, int64_t *out) {
    char *end;
    *out = strtoll(text, &end, 10);
    return end != text && !*end && *out >= 0;
}

static bool option_read(settings *s, const char *name, const char *value) {
    char *end;
    if (!strcmp(name, "--threads")) return s->threads = value, true;
    if (!strcmp(name, "--seed")) return whole_read(value, &s->seed);
    if (!strcmp(name, "--count")) return whole_read(value, &s->count);
    if (strcmp(name, "--temperature") != 0) return false;
    s->temperature = strtod(value, &end);
    return !*end && s->temperature > 0;
}

/* Options come in pairs; what is left are the prompt's tokens. */
static bool settings_read(settings *s, decoder *d, int argc, char **argv) {
    *s = (settings){.model = argc > 1 ? argv[1] : NULL, .count = 16, .temperature = 1};
    for (int i = 2; i < argc; i++)
        if (!strncmp(argv[i], "--", 2)) {
            if (i + 1 == argc || !option_read(s, argv[i], argv[i + 1])) return false;
            i++;
        } else if (d->token_count == TOKENS_MAX || !whole_read(argv[i], &d->tokens[d->token_count++])) {
            return false;
        }
    if (!d->token_count) d->tokens[d->token_count++] = 1;
    return s->model && s->count <= TOKENS_MAX - d->token_count;
}

int main(int argc, char **argv) {
    static decoder d;
    settings s;
    int code = 1;
    ort_environment *environment = NULL;
    ort_options *options = NULL;
    ort_model *model = NULL;
    if (!settings_read(&s, &d, argc, argv))
        return fprintf(stderr,
                       "usage: generate MODEL [--threads N] [--seed N] [--count N] [--temperature X] [TOKEN ...]\n"),
               2;
    for (int64_t i = 0; i < TOKENS_MAX; i++) d.positions[i] = i, d.ones[i] = 1;
    d.random =
        (uint64_t)s.seed * 0x9e3779b97f4a7c15u; /* odd, so only 0 becomes 0; small seeds are spread over all bits */
    d.temperature = s.temperature;
    ort_status *status = ort_options_create(&options);
    if (!status && s.threads) status = ort_options_set(options, "threads.per_lane", s.threads);
    if (!status) status = ort_environment_create(options, NULL, NULL, &environment);
    if (!status) status = ort_model_load(environment, s.model, options, &model);
    if (!status) status = ort_session_create(environment, model, options, &d.session);
    if (!status && is_decoder(&d))
        status = generate(&d, s.count, &code);
    else if (!status)
        fprintf(stderr, "generate: %s: not a decoder with a past for each further output\n", s.model);
    if (status) fprintf(stderr, "generate: %s\n", ort_status_message(status));
    tensors_release(d.outputs, d.output_count);
    ort_session_destroy(d.session);
    ort_model_destroy(model);
    ort_environment_destroy(environment);
    ort_options_destroy(options);
    ort_status_destroy(status);
    return code;
}
