/* GridSample (ONNX GridSample-22) and RoiAlign (ONNX RoiAlign-22): images read between their pixels. */
#include "ops/loops.h"
#include "ops/ops.h"
#include "ops/shape.h"
#include "ops/table.h"
#include "ort/sdk/attr.h"

#include <math.h>
#include <string.h>

enum { SPATIAL_MAX = 3, TAPS_MAX = 4 };
typedef enum sample_mode { SAMPLE_NEAREST, SAMPLE_LINEAR, SAMPLE_CUBIC } sample_mode;
typedef enum sample_padding { PADDING_ZEROS, PADDING_BORDER, PADDING_REFLECTION } sample_padding;

typedef struct grid_params {
    sample_mode mode;
    sample_padding padding;
    bool aligns;
} grid_params;

typedef struct grid_state {
    grid_params p;
    uint32_t spatial;
    int64_t channels, points, pixels; /* of an image: of the result, of the input */
    int64_t dims[SPATIAL_MAX];
} grid_state;

/* The pixels that one axis reads for a point; index -1: nothing there. */
typedef struct grid_taps {
    int count;
    int64_t index[TAPS_MAX];
    double weight[TAPS_MAX];
} grid_taps;

static ort_status *grid_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    grid_params *p = params;
    p->mode = ortk_attr_is(node, "mode", "linear", "nearest") ? SAMPLE_NEAREST
              : ortk_attr_is(node, "mode", "linear", "cubic") || ortk_attr_is(node, "mode", "linear", "bicubic")
                  ? SAMPLE_CUBIC
                  : SAMPLE_LINEAR;
    p->padding = ortk_attr_is(node, "padding_mode", "zeros", "border")       ? PADDING_BORDER
                 : ortk_attr_is(node, "padding_mode", "zeros", "reflection") ? PADDING_REFLECTION
                                                                             : PADDING_ZEROS;
    p->aligns = ortk_attr_int(node, "align_corners", 0) != 0;
    return NULL;
}

static bool grid_claim(ortk_node *node) {
    const int32_t rank = ortk_node_input_rank(node, 0);
    if (rank < 3 || rank > SPATIAL_MAX + 2)
        return ortk_decline(node, ORTP_DECLINE_SHAPE, "an input of rank %d", (int)rank);
    if (ortk_node_input_dtype(node, 0) == ortk_node_input_dtype(node, 1)) return true;
    return ortk_decline(node, ORTP_DECLINE_TYPE, "a grid of another element type");
}

static double reflected(double x, double low, double high) {
    const double range = high - low;
    if (!(range > 0)) return low;
    if (x >= low && x <= high) return x;
    const double beyond = x < low ? low - x : x - high, turns = floor(beyond / range), rest = beyond - turns * range;
    const bool starts_low = (x < low) == (fmod(turns, 2) < 1);
    return starts_low ? low + rest : high - rest;
}

static double padded(const grid_params *p, double x, int64_t size) {
    const double low = p->aligns ? 0 : -0.5, high = (double)size - (p->aligns ? 1 : 0.5);
    if (p->padding == PADDING_BORDER) return x < low ? 0 : x > high ? (double)(size - 1) : x;
    return p->padding == PADDING_REFLECTION ? reflected(x, low, high) : x;
}

static void tap_add(const grid_params *p, grid_taps *taps, double at, double weight, int64_t size) {
    double x = padded(p, at, size);
    if (p->padding != PADDING_ZEROS) x = x < 0 ? 0 : x > (double)(size - 1) ? (double)(size - 1) : floor(x);
    taps->index[taps->count] = x >= 0 && x <= (double)(size - 1) ? (int64_t)x : -1;
    taps->weight[taps->count++] = weight;
}

/* Keys' kernel with a = -0.75, as GridSample has it. */
static double cubic_weight(double d) {
    const double a = -0.75;
    d = fabs(d);
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static void taps_find(const grid_params *p, double place, int64_t size, grid_taps *taps) {
    double x = p->aligns ? (place + 1) / 2 * (double)(size - 1) : ((place + 1) * (double)size - 1) / 2;
    taps->count = 0;
    if (x != x) x = -1e9; /* NaN points outside */
    if (p->mode == SAMPLE_NEAREST) {
        tap_add(p, taps, nearbyint(padded(p, x, size)), 1, size);
        return;
    }
    if (p->mode == SAMPLE_LINEAR) {
        x = padded(p, x, size);
        const double low = floor(x);
        tap_add(p, taps, low, 1 - (x - low), size);
        tap_add(p, taps, low + 1, x - low, size);
        return;
    }
    x = padded(p, x, size);
    const double low = floor(x);
    for (int k = -1; k < 3; k++) tap_add(p, taps, low + k, cubic_weight(x - low - k), size);
}

/* A pixel and its weight for each combination of the axes' taps. */
static int combine(const grid_state *s, const grid_taps *taps, int64_t *index, double *weight) {
    int count = 1;
    index[0] = 0;
    weight[0] = 1;
    for (uint32_t d = 0; d < s->spatial; d++) {
        for (int k = taps[d].count; k-- > 0;) /* backwards, so that the first block is overwritten last */
            for (int i = 0; i < count; i++) {
                const int64_t base = index[i];
                index[k * count + i] = base < 0 || taps[d].index[k] < 0 ? -1 : base * s->dims[d] + taps[d].index[k];
                weight[k * count + i] = weight[i] * taps[d].weight[k];
            }
        count *= taps[d].count;
    }
    return count;
}

#define GRID(name, T)                                                                                                  \
    static void name(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {                               \
        (void)scratch;                                                                                                 \
        const grid_state *s = step->state;                                                                             \
        for (int64_t i = begin; i < end; i++) {                                                                        \
            const T *place = (const T *)ortk_in(step, 1) + i * s->spatial;                                             \
            const int64_t n = i / s->points, at = i % s->points;                                                       \
            grid_taps taps[SPATIAL_MAX];                                                                               \
            int64_t index[TAPS_MAX * TAPS_MAX * TAPS_MAX];                                                             \
            double weight[TAPS_MAX * TAPS_MAX * TAPS_MAX];                                                             \
            for (uint32_t d = 0; d < s->spatial; d++)                                                                  \
                taps_find(&s->p, (double)place[s->spatial - 1 - d], s->dims[d], &taps[d]);                             \
            const int count = combine(s, taps, index, weight);                                                         \
            for (int64_t c = 0; c < s->channels; c++) {                                                                \
                const T *x = (const T *)ortk_in(step, 0) + (n * s->channels + c) * s->pixels;                          \
                double sum = 0;                                                                                        \
                for (int k = 0; k < count; k++) sum += index[k] < 0 ? 0 : weight[k] * (double)x[index[k]];             \
                ((T *)ortk_out(step, 0))[(n * s->channels + c) * s->points + at] = (T)sum;                             \
            }                                                                                                          \
        }                                                                                                              \
    }
GRID(grid_f32, float)
GRID(grid_f64, double)

static ort_status *grid_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                             const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    grid_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (grid_state){.p = *(const grid_params *)params, .spatial = in->rank - 2, .channels = in->dims[1]};
    s->points = ortcpu_product(out->dims, 2, out->rank);
    s->pixels = ortcpu_product(in->dims, 2, in->rank);
    for (uint32_t d = 0; d < s->spatial; d++) s->dims[d] = in->dims[d + 2];
    if (in[1].dims[in[1].rank - 1] != s->spatial || in[1].dims[0] != in->dims[0] || s->pixels == 0)
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "places of %lld numbers in an image of %u axes",
                         (long long)in[1].dims[in[1].rank - 1], s->spatial);
    step->run = in->dtype == ORT_DTYPE_F32 ? grid_f32 : grid_f64;
    step->state = s;
    step->task_count = in->dims[0] * s->points;
    step->grain = 256;
    step->cost_ns = (double)out->element_count * 10 + (double)step->task_count * 40;
    return NULL;
}

/* ---- RoiAlign ---- */

typedef struct roi_params {
    float scale;
    int64_t ratio;
    bool is_max, is_half_pixel;
} roi_params;

typedef struct roi_state {
    roi_params p;
    int64_t channels, height, width, rows, columns, batch; /* rows, columns: of the result */
    bool is_wide;
} roi_state;

static ort_status *roi_compile(ortk_compiler *compiler, const ortk_node *node, void *params) {
    (void)compiler;
    roi_params *p = params;
    p->scale = ortk_attr_float(node, "spatial_scale", 1);
    p->ratio = ortk_attr_int(node, "sampling_ratio", 0);
    p->is_max = ortk_attr_is(node, "mode", "avg", "max");
    p->is_half_pixel = ortk_attr_is(node, "coordinate_transformation_mode", "half_pixel", "half_pixel");
    return NULL;
}

/* The sample at (y, x) of a plane: the sum of four weighted pixels, or for maxima the largest of them. */
static float roi_sample(const roi_state *s, const float *plane, float y, float x) {
    if (y < -1 || y > (float)s->height || x < -1 || x > (float)s->width) return 0;
    y = y < 0 ? 0 : y;
    x = x < 0 ? 0 : x;
    int64_t top = (int64_t)y, left = (int64_t)x, bottom = top + 1, right = left + 1;
    if (top >= s->height - 1) y = (float)(top = bottom = s->height - 1);
    if (left >= s->width - 1) x = (float)(left = right = s->width - 1);
    const float dy = y - (float)top, dx = x - (float)left;
    const float parts[] = {(1 - dy) * (1 - dx) * plane[top * s->width + left],
                           (1 - dy) * dx * plane[top * s->width + right],
                           dy * (1 - dx) * plane[bottom * s->width + left], dy * dx * plane[bottom * s->width + right]};
    if (!s->p.is_max) return parts[0] + parts[1] + parts[2] + parts[3];
    return fmaxf(fmaxf(parts[0], parts[1]), fmaxf(parts[2], parts[3]));
}

/* One bin: samples at the middles of a lattice. */
static float roi_bin(const roi_state *s, const float *plane, const float *start, const float *bin,
                     const int64_t *lattice) {
    float result = 0;
    for (int64_t i = 0; i < lattice[0]; i++)
        for (int64_t k = 0; k < lattice[1]; k++) {
            const float y = start[0] + ((float)i + 0.5f) * bin[0] / (float)lattice[0];
            const float x = start[1] + ((float)k + 0.5f) * bin[1] / (float)lattice[1];
            const float value = roi_sample(s, plane, y, x);
            result = !s->p.is_max ? result + value : i + k == 0 || value > result ? value : result;
        }
    const int64_t count = lattice[0] * lattice[1];
    return s->p.is_max || count == 0 ? result : result / (float)count;
}

static void roi_run(const ortk_step *step, int64_t begin, int64_t end, void *scratch) {
    (void)scratch;
    const roi_state *s = step->state;
    const float shift = s->p.is_half_pixel ? 0.5f : 0;
    for (int64_t task = begin; task < end; task++) {
        const int64_t region = task / s->channels, c = task % s->channels;
        const int64_t n =
            s->is_wide ? ((const int64_t *)ortk_in(step, 2))[region] : ((const int32_t *)ortk_in(step, 2))[region];
        const float *box = (const float *)ortk_in(step, 1) + region * 4;
        float *out = (float *)ortk_out(step, 0) + task * s->rows * s->columns;
        if (n < 0 || n >= s->batch) {
            ortk_run_fail(step, ORT_CODE_INVALID_ARGUMENT, "region %lld is of image %lld of %lld", (long long)region,
                          (long long)n, (long long)s->batch);
            return;
        }
        const float low[] = {box[1] * s->p.scale - shift, box[0] * s->p.scale - shift};
        float size[] = {box[3] * s->p.scale - shift - low[0], box[2] * s->p.scale - shift - low[1]};
        for (int d = 0; d < 2 && !s->p.is_half_pixel; d++) size[d] = size[d] < 1 ? 1 : size[d];
        const float bin[] = {size[0] / (float)s->rows, size[1] / (float)s->columns};
        int64_t lattice[2];
        for (int d = 0; d < 2; d++) {
            const float wanted = ceilf(bin[d]); /* of samples that nobody counted: one a pixel */
            lattice[d] = s->p.ratio > 0 ? s->p.ratio : wanted > 0 && wanted < 65536 ? (int64_t)wanted : 0;
        }
        for (int64_t i = 0; i < s->rows * s->columns; i++) {
            const float start[] = {low[0] + (float)(i / s->columns) * bin[0],
                                   low[1] + (float)(i % s->columns) * bin[1]};
            out[i] = roi_bin(s, (const float *)ortk_in(step, 0) + (n * s->channels + c) * s->height * s->width, start,
                             bin, lattice);
        }
    }
}

static ort_status *roi_plan(ortk_planner *planner, const void *params, const ortk_desc *in, uint32_t in_count,
                            const ortk_desc *out, uint32_t out_count, ortk_step_plan *step) {
    (void)in_count, (void)out_count;
    if (out->element_count == 0) return NULL;
    if (in[1].dims[1] != 4 || in[2].element_count != in[1].dims[0])
        return ortk_fail(ORT_CODE_INVALID_ARGUMENT, "regions of %lld numbers, %lld images for %lld of them",
                         (long long)in[1].dims[1], (long long)in[2].element_count, (long long)in[1].dims[0]);
    roi_state *s = ortk_planner_alloc(planner, sizeof *s);
    if (s == NULL) return ortk_out_of_memory();
    *s = (roi_state){.p = *(const roi_params *)params,
                     .channels = in->dims[1],
                     .height = in->dims[2],
                     .width = in->dims[3],
                     .rows = out->dims[2],
                     .columns = out->dims[3],
                     .batch = in->dims[0],
                     .is_wide = in[2].dtype == ORT_DTYPE_I64};
    step->run = roi_run;
    step->state = s;
    step->task_count = out->dims[0] * s->channels;
    step->cost_ns = (double)out->element_count * 30;
    return NULL;
}

#define SAMPLING(NAME, SINCE, TYPES, PARAMS, CLAIM, COMPILE, PLAN_FN)                                                  \
    {                                                                                                                  \
        .op = NAME, .domain = "", .since_version = SINCE, .until_version = ORTCPU_NEWEST_OPSET, .types = (TYPES),      \
        .mode = ORTK_MODE_ROWS, .params_bytes = sizeof(PARAMS), .claim = CLAIM, .compile = COMPILE, .plan = PLAN_FN    \
    }
static const ortk_kernel kernels[] = {
    SAMPLING("GridSample", 16, ORTCPU_TYPES_FLOAT, grid_params, grid_claim, grid_compile, grid_plan),
    SAMPLING("RoiAlign", 16, ORTCPU_TYPE_F32, roi_params, NULL, roi_compile, roi_plan),
};
const ortcpu_op_table ortcpu_ops_sampling = ORTCPU_TABLE(kernels);
