#include "load/skim.h"

#include <inttypes.h>
#include <string.h>

typedef enum message {
    MSG_NONE, /* a field that is copied as it is */
    MSG_DROP, /* a field that nobody reads */
    MSG_RAW,  /* raw_data */
    MSG_OURS, /* a field number that only we may write */
    MSG_MODEL,
    MSG_GRAPH,
    MSG_NODE,
    MSG_ATTR,
    MSG_TENSOR,
    MSG_SPARSE,
    MSG_VALUE,
    MSG_TYPE,
    MSG_TENSOR_TYPE,
    MSG_TYPE_IN_1, /* Sequence, Optional: a TypeProto in field 1 */
    MSG_TYPE_IN_2, /* Map: in field 2 */
    MSG_FUNCTION,
    MSG_LEAF,
    MSG_COUNT
} message;

typedef struct field_rule {
    message in;
    uint32_t number;
    message what;
    bool is_single;
} field_rule;

/* Every field that leads to a tensor or back to itself; the numbers are ONNX 1.23's. */
static const field_rule rules[] = {
    {MSG_MODEL, 7, MSG_GRAPH, true},      {MSG_MODEL, 20, MSG_DROP, false}, /* training_info */
    {MSG_MODEL, 25, MSG_FUNCTION, false}, {MSG_MODEL, 26, MSG_DROP, false}, /* configuration */
    {MSG_GRAPH, 1, MSG_NODE, false},      {MSG_GRAPH, 5, MSG_TENSOR, false},    {MSG_GRAPH, 11, MSG_VALUE, false},
    {MSG_GRAPH, 12, MSG_VALUE, false},    {MSG_GRAPH, 13, MSG_VALUE, false},    {MSG_GRAPH, 15, MSG_SPARSE, false},
    {MSG_NODE, 5, MSG_ATTR, false},       {MSG_ATTR, 5, MSG_TENSOR, true},      {MSG_ATTR, 6, MSG_GRAPH, true},
    {MSG_ATTR, 10, MSG_TENSOR, false},    {MSG_ATTR, 11, MSG_GRAPH, false},     {MSG_ATTR, 14, MSG_TYPE, true},
    {MSG_ATTR, 15, MSG_TYPE, false},      {MSG_ATTR, 22, MSG_SPARSE, true},     {MSG_ATTR, 23, MSG_SPARSE, false},
    {MSG_TENSOR, 3, MSG_LEAF, true},      {MSG_TENSOR, 9, MSG_RAW, true},       {MSG_TENSOR, 1001, MSG_OURS, false},
    {MSG_TENSOR, 1002, MSG_OURS, false},  {MSG_SPARSE, 1, MSG_TENSOR, true},    {MSG_SPARSE, 2, MSG_TENSOR, true},
    {MSG_VALUE, 2, MSG_TYPE, true},       {MSG_TYPE, 1, MSG_TENSOR_TYPE, true}, {MSG_TYPE, 4, MSG_TYPE_IN_1, true},
    {MSG_TYPE, 5, MSG_TYPE_IN_2, true},   {MSG_TYPE, 7, MSG_LEAF, true},        {MSG_TYPE, 8, MSG_TENSOR_TYPE, true},
    {MSG_TYPE, 9, MSG_TYPE_IN_1, true},   {MSG_TENSOR_TYPE, 2, MSG_LEAF, true}, {MSG_TYPE_IN_1, 1, MSG_TYPE, true},
    {MSG_TYPE_IN_2, 2, MSG_TYPE, true},   {MSG_FUNCTION, 7, MSG_NODE, false},   {MSG_FUNCTION, 11, MSG_ATTR, false},
    {MSG_FUNCTION, 12, MSG_DROP, false}, /* value_info: calls differ in what it would say */
};
#define RULE_COUNT (sizeof rules / sizeof *rules)

static const char *const message_names[MSG_COUNT] = {[MSG_MODEL] = "ModelProto",
                                                     [MSG_GRAPH] = "GraphProto",
                                                     [MSG_NODE] = "NodeProto",
                                                     [MSG_ATTR] = "AttributeProto",
                                                     [MSG_TENSOR] = "TensorProto",
                                                     [MSG_SPARSE] = "SparseTensorProto",
                                                     [MSG_VALUE] = "ValueInfoProto",
                                                     [MSG_TYPE] = "TypeProto",
                                                     [MSG_TENSOR_TYPE] = "TypeProto.Tensor",
                                                     [MSG_TYPE_IN_1] = "TypeProto.Sequence",
                                                     [MSG_TYPE_IN_2] = "TypeProto.Map",
                                                     [MSG_FUNCTION] = "FunctionProto"};

typedef struct skimmer {
    const orti_allocator *alloc;
    const uint8_t *data;
    uint32_t nesting, graph_depth, type_depth;
    uint8_t *out;
    size_t out_length, out_capacity;
} skimmer;

typedef struct wire_field {
    uint64_t start, payload, end; /* offsets: of the tag, behind tag and length, behind the field */
    uint32_t number, type;
} wire_field;

static ort_status *out_add(skimmer *skim, const void *bytes, size_t length) {
    ORT_TRY(orti_grow(skim->alloc, &skim->out, &skim->out_capacity, skim->out_length + length, 1));
    if (length) memcpy(skim->out + skim->out_length, bytes, length);
    skim->out_length += length;
    return NULL;
}

static ort_status *truncated(message in, uint64_t offset) {
    ORT_FAIL(INVALID_MODEL, "%s ends in the middle of a field at byte %" PRIu64, message_names[in], offset);
}

static bool read_varint(const uint8_t *data, uint64_t *at, uint64_t end, uint64_t *out) {
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = data[(*at)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static ort_status *read_field(const skimmer *skim, message in, uint64_t at, uint64_t end, wire_field *out) {
    uint64_t tag = 0, length = 0;
    out->start = at;
    if (!read_varint(skim->data, &at, end, &tag)) return truncated(in, out->start);
    out->number = (uint32_t)(tag >> 3);
    out->type = (uint32_t)(tag & 7);
    if (tag > UINT32_MAX || out->number == 0)
        ORT_FAIL(INVALID_MODEL, "%s has a field with the number %" PRIu64 " at byte %" PRIu64, message_names[in],
                 tag >> 3, out->start);
    switch (out->type) {
    case 0:
        out->payload = at;
        if (!read_varint(skim->data, &at, end, &length)) return truncated(in, out->start);
        out->end = at;
        return NULL;
    case 1:
        length = 8;
        break;
    case 2:
        if (!read_varint(skim->data, &at, end, &length)) return truncated(in, out->start);
        break;
    case 5:
        length = 4;
        break;
    default:
        ORT_FAIL(INVALID_MODEL, "%s has a field of wire type %u at byte %" PRIu64, message_names[in], out->type,
                 out->start);
    }
    if (length > end - at) return truncated(in, out->start);
    out->payload = at;
    out->end = at + length;
    return NULL;
}

static const field_rule *rule_of(message in, uint32_t number) {
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (rules[i].in == in && rules[i].number == number) return &rules[i];
    return NULL;
}

static ort_status *walk(skimmer *skim, message what, uint64_t at, uint64_t end, bool is_copying);

/* Types nest too, in few levels in any model that means something. */
#define TYPE_DEPTH_MAX 32u

static ort_status *descend(skimmer *skim, message what, uint64_t at, uint64_t end, bool is_copying) {
    bool is_graph = what == MSG_GRAPH, is_type = what == MSG_TYPE;
    if (is_graph && skim->graph_depth > skim->nesting)
        ORT_FAIL(LIMIT_EXCEEDED, "graphs lie more than %u deep inside each other", skim->nesting);
    if (is_type && skim->type_depth >= TYPE_DEPTH_MAX)
        ORT_FAIL(LIMIT_EXCEEDED, "types lie more than %u deep inside each other", TYPE_DEPTH_MAX);
    skim->graph_depth += is_graph;
    skim->type_depth += is_type;
    ort_status *status = walk(skim, what, at, end, is_copying);
    skim->graph_depth -= is_graph;
    skim->type_depth -= is_type;
    return status;
}

/* A message whose length may shrink: written as a varint of five bytes, corrected afterwards. */
static ort_status *copy_shrinking(skimmer *skim, message what, const wire_field *field) {
    uint8_t length_bytes[5] = {0};
    uint64_t tag_end = field->start, tag = 0;
    (void)read_varint(skim->data, &tag_end, field->payload, &tag);
    ORT_TRY(out_add(skim, skim->data + field->start, (size_t)(tag_end - field->start)));
    size_t length_at = skim->out_length;
    ORT_TRY(out_add(skim, length_bytes, sizeof length_bytes));
    ORT_TRY(descend(skim, what, field->payload, field->end, true));
    size_t length = skim->out_length - length_at - sizeof length_bytes;
    if (length > INT32_MAX) ORT_FAIL(LIMIT_EXCEEDED, "%s has more than 2 GiB that is no raw data", message_names[what]);
    for (size_t i = 0; i < 5; i++)
        skim->out[length_at + i] = (uint8_t)((length >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0));
    return NULL;
}

static ort_status *lift(skimmer *skim, const wire_field *field) {
    uint64_t numbers[2] = {field->payload, field->end - field->payload};
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t tag = (1001 + i) << 3 | 1;
        uint8_t bytes[10] = {(uint8_t)(tag | 0x80), (uint8_t)(tag >> 7)};
        for (uint32_t k = 0; k < 8; k++) bytes[2 + k] = (uint8_t)(numbers[i] >> (8 * k));
        ORT_TRY(out_add(skim, bytes, sizeof bytes));
    }
    return NULL;
}

static ort_status *walk_field(skimmer *skim, const field_rule *rule, message in, const wire_field *field,
                              bool is_copying) {
    message what = rule ? rule->what : MSG_NONE;
    uint64_t length = field->end - field->payload;
    if (what == MSG_OURS)
        ORT_FAIL(INVALID_MODEL, "%s has the unknown field %u at byte %" PRIu64, message_names[in], field->number,
                 field->start);
    if (what == MSG_DROP) return NULL;
    if (rule && field->type != 2)
        ORT_FAIL(INVALID_MODEL, "%s has field %u with wire type %u at byte %" PRIu64, message_names[in], field->number,
                 field->type, field->start);
    bool is_large = length >= SKIM_LIFT_MIN_BYTES;
    if (what == MSG_RAW && is_large && is_copying) return lift(skim, field);
    if (what > MSG_OURS && what != MSG_LEAF) {
        if (is_large && is_copying) return copy_shrinking(skim, what, field);
        ORT_TRY(descend(skim, what, field->payload, field->end, false));
    }
    return is_copying ? out_add(skim, skim->data + field->start, (size_t)(field->end - field->start)) : NULL;
}

/* `is_copying`: the message is rewritten; else it is only looked at, for it is too small to have anything lifted. */
static ort_status *walk(skimmer *skim, message what, uint64_t at, uint64_t end, bool is_copying) {
    uint64_t seen = 0; /* by rule: single fields that have occurred */
    while (at < end) {
        wire_field field = {0};
        ORT_TRY(read_field(skim, what, at, end, &field));
        const field_rule *rule = rule_of(what, field.number);
        uint64_t bit = rule ? UINT64_C(1) << (rule - rules) : 0;
        if (rule && rule->is_single && (seen & bit))
            ORT_FAIL(INVALID_MODEL, "%s has field %u twice, again at byte %" PRIu64, message_names[what], field.number,
                     field.start);
        seen |= bit;
        ORT_TRY(walk_field(skim, rule, what, &field, is_copying));
        at = field.end;
    }
    return NULL;
}

_Static_assert(RULE_COUNT <= 64, "walk() keeps a bit for each rule");

ort_status *orti_skim_model(const orti_allocator *alloc, const uint8_t *data, uint64_t size_bytes, uint32_t nesting,
                            uint8_t **out_data, uint64_t *out_size_bytes) {
    skimmer skim = {.alloc = alloc, .data = data, .nesting = nesting};
    *out_data = NULL;
    *out_size_bytes = 0;
    ort_status *status = walk(&skim, MSG_MODEL, 0, size_bytes, true);
    if (!status && skim.out_length > INT32_MAX)
        status = ORT_STATUS(LIMIT_EXCEEDED, "the model has more than 2 GiB that is no raw data");
    if (status) {
        orti_free(alloc, skim.out);
        return status;
    }
    *out_data = skim.out;
    *out_size_bytes = skim.out_length;
    return NULL;
}
