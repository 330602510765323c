/* How each operator's meaning is said in the words of its next version. */
#include "passes/raise.h"

#include <float.h>
#include <string.h>

static ort_status *refuse(const orti_raise *raise, const char *why) {
    ORT_FAIL(UNSUPPORTED, "node '%s' (%s-%d): %s", raise->node->name, raise->node->op_type,
             (int)raise->node->since_version, why);
}

/* Sets input `index`, with left-out ones before it. */
static ort_status *put_input(const orti_raise *raise, uint32_t index, orti_value_id value) {
    orti_value_id inputs[8];
    uint32_t count = raise->node->input_count;
    if (index >= 8 || count > 8) return refuse(raise, "has too many inputs");
    for (uint32_t i = 0; i < 8; i++) inputs[i] = orti_rewrite_input(raise->node, i);
    inputs[index] = value;
    return orti_graph_set_inputs(raise->graph, raise->id, inputs, count > index + 1 ? count : index + 1);
}

/* An attribute that became an input. */
static ort_status *ints_to_input(const orti_raise *raise, const char *name, uint32_t index) {
    const orti_attr *attr = orti_node_attr(raise->node, name);
    orti_value_id value = ORTI_NONE;
    if (!attr) return NULL;
    ORT_TRY(orti_rewrite_ints(raise->graph, attr->kind == ORTI_ATTR_INTS ? attr->ints : &attr->i,
                              attr->kind == ORTI_ATTR_INTS ? attr->count : 1, &value));
    ORT_TRY(put_input(raise, index, value));
    orti_graph_remove_attr(raise->graph, raise->id, name);
    return NULL;
}

/* A scalar of the element type of input 0. */
static ort_status *put_scalar(const orti_raise *raise, uint32_t index, double number) {
    orti_value_id value = ORTI_NONE;
    ort_dtype dtype = orti_graph_value(raise->graph, raise->node->inputs[0])->dtype;
    if (dtype == ORT_DTYPE_NONE) return refuse(raise, "the element type of its input is not known");
    ORT_TRY(orti_rewrite_scalar(raise->graph, dtype, number, &value));
    return put_input(raise, index, value);
}

static ort_status *nothing(const orti_raise *raise) {
    (void)raise;
    return NULL;
}

static ort_status *axes_to_input(const orti_raise *raise) {
    return ints_to_input(raise, "axes", 1);
}

static ort_status *split(const orti_raise *raise) {
    return ints_to_input(raise, "split", 1);
}

static ort_status *topk(const orti_raise *raise) {
    return ints_to_input(raise, "k", 1);
}

static ort_status *slice(const orti_raise *raise) {
    ORT_TRY(ints_to_input(raise, "starts", 1));
    ORT_TRY(ints_to_input(raise, "ends", 2));
    return ints_to_input(raise, "axes", 3);
}

/* Clip-6: the defaults are the ends of float32, which cut nothing off. */
static ort_status *clip(const orti_raise *raise) {
    float low = orti_node_attr_float(raise->node, "min", -FLT_MAX);
    float high = orti_node_attr_float(raise->node, "max", FLT_MAX);
    if (low > -FLT_MAX) ORT_TRY(put_scalar(raise, 1, (double)low));
    if (high < FLT_MAX) ORT_TRY(put_scalar(raise, 2, (double)high));
    orti_graph_remove_attr(raise->graph, raise->id, "min");
    orti_graph_remove_attr(raise->graph, raise->id, "max");
    return NULL;
}

static ort_status *pad(const orti_raise *raise) {
    double number = (double)orti_node_attr_float(raise->node, "value", 0);
    ORT_TRY(ints_to_input(raise, "pads", 1));
    if (number < 0 || number > 0) ORT_TRY(put_scalar(raise, 2, number));
    orti_graph_remove_attr(raise->graph, raise->id, "value");
    return NULL;
}

/* Resize-10 and Upsample are Resize-11 with these two attributes (ONNX Resize-11: "asymmetric", "floor"). */
static ort_status *resize_like_upsample(const orti_raise *raise, orti_value_id scales) {
    const orti_value_id inputs[] = {raise->node->inputs[0], ORTI_NONE, scales};
    ORT_TRY(orti_graph_set_inputs(raise->graph, raise->id, inputs, 3));
    ORT_TRY(orti_graph_set_attr_string(raise->graph, raise->id, "coordinate_transformation_mode", "asymmetric"));
    ORT_TRY(orti_graph_set_attr_string(raise->graph, raise->id, "nearest_mode", "floor"));
    if (strcmp(orti_node_attr_string(raise->node, "mode", "nearest"), "bilinear") == 0)
        ORT_TRY(orti_graph_set_attr_string(raise->graph, raise->id, "mode", "linear"));
    raise->node->op_type = "Resize";
    return NULL;
}

static ort_status *resize(const orti_raise *raise) {
    return resize_like_upsample(raise, raise->node->inputs[1]);
}

static ort_status *upsample_attr(const orti_raise *raise) {
    const orti_attr *scales = orti_node_attr(raise->node, "scales");
    orti_tensor *tensor = NULL;
    orti_value_id value = ORTI_NONE;
    if (!scales || scales->kind != ORTI_ATTR_FLOATS) return refuse(raise, "lacks scales");
    const int64_t count = scales->count;
    ORT_TRY(orti_tensor_create(orti_rewrite_alloc(raise->graph), ORT_DTYPE_F32, &count, 1, 0, &tensor));
    if (count) memcpy(tensor->data, scales->floats, tensor->size_bytes);
    ort_status *status = orti_graph_add_constant(raise->graph, NULL, tensor, &value);
    orti_tensor_release(tensor);
    ORT_TRY(status);
    orti_graph_remove_attr(raise->graph, raise->id, "scales");
    return put_input(raise, 1, value);
}

/* Dropout before 12 has no mode of training: it passes its input on. The mask had the input's type before 10. */
static ort_status *dropout(const orti_raise *raise) {
    bool is_unread = true;
    if (raise->node->output_count > 1)
        ORT_TRY(orti_rewrite_is_unread(raise->graph, raise->node->outputs[1], &is_unread));
    if (!is_unread && raise->node->since_version < 10) return refuse(raise, "its mask is read");
    orti_graph_remove_attr(raise->graph, raise->id, "ratio");
    orti_graph_remove_attr(raise->graph, raise->id, "is_test");
    return NULL;
}

static ort_status *batch_norm(const orti_raise *raise) {
    if (orti_node_attr_int(raise->node, "spatial", 1) != 1)
        return refuse(raise, "normalising each activation (spatial = 0) is not raised yet");
    orti_graph_remove_attr(raise->graph, raise->id, "spatial");
    return NULL;
}

/* Before 13 the input is seen as a matrix, split at `axis`: that is the new meaning for the last axis alone. */
static ort_status *softmax(const orti_raise *raise) {
    orti_graph *graph = raise->graph;
    orti_value_id in = raise->node->inputs[0], out = raise->node->outputs[0], shape, flat, result;
    const orti_value *value = orti_graph_value(graph, in);
    int64_t axis = orti_node_attr_int(raise->node, "axis", 1);
    if (axis == -1 || (value->has_shape && axis == (int64_t)value->rank - 1))
        return orti_graph_set_attr_int(graph, raise->id, "axis", -1);
    ORT_TRY(orti_rewrite_node(graph, "Shape", &in, 1, ORTI_NONE, &shape));
    ORT_TRY(orti_rewrite_node(graph, "Flatten", &in, 1, ORTI_NONE, &flat));
    ORT_TRY(orti_graph_set_attr_int(graph, orti_graph_value(graph, flat)->producer, "axis", axis));
    ORT_TRY(orti_graph_set_attr_int(graph, raise->id, "axis", -1));
    ORT_TRY(orti_graph_set_input(graph, raise->id, 0, flat));
    ORT_TRY(orti_rewrite_value(graph, &result));
    orti_graph_value(graph, result)->dtype = orti_graph_value(graph, out)->dtype;
    orti_rewrite_output(graph, raise->id, 0, result);
    const orti_value_id inputs[] = {result, shape};
    return orti_rewrite_node(graph, "Reshape", inputs, 2, out, &out);
}

static ort_status *scatter(const orti_raise *raise) {
    raise->node->op_type = "ScatterElements";
    return NULL;
}

static ort_status *grid_sample(const orti_raise *raise) {
    const char *mode = orti_node_attr_string(raise->node, "mode", "bilinear");
    if (strcmp(mode, "bilinear") == 0) mode = "linear";
    if (strcmp(mode, "bicubic") == 0) mode = "cubic";
    return orti_graph_set_attr_string(raise->graph, raise->id, "mode", mode);
}

/* RoiAlign-16: coordinates were not shifted by half a pixel before, and now are by default. */
static ort_status *roi_align(const orti_raise *raise) {
    return orti_graph_set_attr_string(raise->graph, raise->id, "coordinate_transformation_mode", "output_half_pixel");
}

static ort_status *dft(const orti_raise *raise) {
    orti_value_id axis = ORTI_NONE;
    ORT_TRY(
        orti_rewrite_scalar(raise->graph, ORT_DTYPE_I64, (double)orti_node_attr_int(raise->node, "axis", 1), &axis));
    orti_graph_remove_attr(raise->graph, raise->id, "axis");
    return put_input(raise, 2, axis);
}

/* ---- Scan-8: all inputs have a batch axis in front, and the first input would tell how long each sequence is. It is a
 * scan over the batch whose body scans the sequence. ---- */

/* The body of the outer scan: takes and gives what the node does, without the batch axis. */
static ort_status *batch_body(const orti_raise *raise, uint32_t input_count, orti_graph *body) {
    const orti_node *node = raise->node;
    const orti_attr *directions = orti_node_attr(node, "directions"), *old = orti_node_attr(node, "body");
    orti_value_id *ids = NULL;
    orti_node_id inner = ORTI_NONE;
    orti_attr attr = {.name = "body", .kind = ORTI_ATTR_GRAPH, .count = 1};
    ORT_TRY(orti_arena_alloc(orti_graph_arena(body), (size_t)input_count + node->output_count, sizeof *ids, &ids));
    for (uint32_t i = 0; i < input_count + node->output_count; i++) {
        ORT_TRY(orti_graph_add_value(body, NULL, ORTI_VALUE_INNER, &ids[i]));
        if (i < input_count) ORT_TRY(orti_graph_add_input(body, ids[i]));
    }
    ORT_TRY(orti_graph_add_node(body, node->name, "", "Scan", ids, input_count, ids + input_count, node->output_count,
                                &inner));
    ORT_TRY(orti_graph_copy_inside(body, old->graph, &attr.graph));
    ORT_TRY(orti_graph_set_attr(body, inner, &attr));
    ORT_TRY(orti_graph_set_attr_int(body, inner, "num_scan_inputs", orti_node_attr_int(node, "num_scan_inputs", 0)));
    if (directions)
        ORT_TRY(orti_graph_set_attr_ints(body, inner, "scan_input_directions", directions->ints, directions->count));
    orti_rewrite_bind(orti_graph_node(body, inner));
    for (uint32_t k = 0; k < node->output_count; k++) ORT_TRY(orti_graph_add_output(body, ids[input_count + k]));
    return NULL;
}

static ort_status *scan(const orti_raise *raise) {
    const orti_node *node = raise->node;
    uint32_t input_count = node->input_count - 1;
    orti_attr attr = {.name = "body", .kind = ORTI_ATTR_GRAPH, .count = 1};
    if (node->inputs[0] != ORTI_NONE) return refuse(raise, "sequences of different lengths are not supported yet");
    ORT_TRY(orti_graph_create(orti_rewrite_alloc(raise->graph), raise->graph, &attr.graph));
    ort_status *status = batch_body(raise, input_count, attr.graph);
    if (status) {
        orti_graph_destroy(attr.graph);
        return status;
    }
    ORT_TRY(orti_graph_set_attr(raise->graph, raise->id, &attr));
    ORT_TRY(orti_graph_set_attr_int(raise->graph, raise->id, "num_scan_inputs", input_count));
    orti_graph_remove_attr(raise->graph, raise->id, "directions");
    return orti_graph_set_inputs(raise->graph, raise->id, node->inputs + 1, input_count);
}

/* ai.onnx.ml LabelEncoder-1: strings become their places in a list, places become strings. */
static ort_status *label_encoder(const orti_raise *raise) {
    const orti_attr *classes = orti_node_attr(raise->node, "classes_strings");
    ort_dtype dtype = orti_graph_value(raise->graph, raise->node->inputs[0])->dtype;
    int64_t *places = NULL;
    if (!classes) return refuse(raise, "has no classes_strings");
    if (dtype == ORT_DTYPE_NONE) return refuse(raise, "the element type of its input is not known");
    bool is_string = dtype == ORT_DTYPE_STRING;
    orti_attr words = *classes;
    words.name = is_string ? "keys_strings" : "values_strings";
    ORT_TRY(orti_arena_alloc(orti_graph_arena(raise->graph), words.count, sizeof *places, &places));
    for (uint32_t i = 0; i < words.count; i++) places[i] = i;
    ORT_TRY(orti_graph_set_attr(raise->graph, raise->id, &words));
    orti_graph_remove_attr(raise->graph, raise->id, "classes_strings");
    return orti_graph_set_attr_ints(raise->graph, raise->id, is_string ? "values_int64s" : "keys_int64s", places,
                                    words.count);
}

#define REDUCE(name, version)                                                                                          \
    { name, version, axes_to_input, false }

const orti_raise_step orti_raise_steps[] = {
    {"BatchNormalization", 9, batch_norm, false},
    {"Clip", 11, clip, true},
    {"DFT", 20, dft, false},
    {"Dropout", 12, dropout, false},
    {"GridSample", 20, grid_sample, false},
    {"Hardmax", 13, softmax, true},
    {"LabelEncoder", 2, label_encoder, true},
    {"LogSoftmax", 13, softmax, true},
    {"Pad", 11, pad, true},
    REDUCE("ReduceL1", 18),
    REDUCE("ReduceL2", 18),
    REDUCE("ReduceLogSum", 18),
    {"ReduceLogSum", 28, nothing, false}, /* integers went: floats mean the same */
    REDUCE("ReduceLogSumExp", 18),
    {"ReduceLogSumExp", 28, nothing, false},
    REDUCE("ReduceMax", 18),
    REDUCE("ReduceMean", 18),
    REDUCE("ReduceMin", 18),
    REDUCE("ReduceProd", 18),
    REDUCE("ReduceSum", 13),
    REDUCE("ReduceSumSquare", 18),
    {"Resize", 11, resize, false},
    {"RoiAlign", 16, roi_align, false},
    {"Scan", 9, scan, false},
    {"Scatter", 11, scatter, false},
    {"Slice", 10, slice, false},
    {"Softmax", 13, softmax, true},
    {"Split", 13, split, false},
    {"Squeeze", 13, axes_to_input, false},
    {"TopK", 10, topk, false},
    {"Unsqueeze", 13, axes_to_input, false},
    {"Upsample", 9, upsample_attr, false},
    {"Upsample", 11, resize, false}, /* there is no Upsample from 10 on: it is Resize's next version */
};
const uint32_t orti_raise_step_count = sizeof orti_raise_steps / sizeof *orti_raise_steps;
