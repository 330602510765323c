/* From a graph to a script of programs: policy, division, and for each segment partition and schedule. */
#include "passes/passes.h"
#include "session/inner.h"

#include <string.h>

static orti_fallback fallback_read(const ort_options *options) {
    const char *word = orti_options_text(options, "fallback", "warn");
    if (strcmp(word, "allow") == 0) return ORTI_FALLBACK_ALLOW;
    return strcmp(word, "error") == 0 ? ORTI_FALLBACK_ERROR : ORTI_FALLBACK_WARN;
}

static uint32_t precision_read(const ort_options *options) {
    static const char *const words[] = {"model", "bf16", "f16", "tf32"};
    const char *word = orti_options_text(options, "precision", "model");
    for (uint32_t i = 0; i < 4; i++)
        if (strcmp(word, words[i]) == 0) return i;
    return ORTP_PRECISION_MODEL;
}

static ort_status *range_read(const char *name, json_t *bounds, uint32_t symbol, ortp_symbol_range *out) {
    json_t *min = json_object_get(bounds, "min"), *max = json_object_get(bounds, "max");
    json_t *opt = json_object_get(bounds, "opt");
    *out = (ortp_symbol_range){.symbol = symbol, .min = min ? (int64_t)json_integer_value(min) : 1};
    out->max = max ? (int64_t)json_integer_value(max) : INT64_MAX;
    out->opt = opt ? (int64_t)json_integer_value(opt) : out->min;
    if (out->min > out->opt || out->opt > out->max)
        ORT_FAIL(INVALID_ARGUMENT, "configuration key 'shapes': '%s' wants min <= opt <= max", name);
    return NULL;
}

static ort_status *ranges_read(const ort_options *options, const orti_graph *graph, session_composition *composition) {
    const orti_dim_pool *pool = orti_graph_pool(graph);
    json_t *shapes = orti_options_get(options, "shapes"), *bounds;
    const char *name;
    ORT_TRY(orti_arena_alloc(&composition->arena, json_object_size(shapes), sizeof(ortp_symbol_range),
                             &composition->ranges));
    json_object_foreach(shapes, name, bounds) {
        uint32_t symbol = 0;
        while (symbol < orti_dim_symbol_count(pool) && strcmp(orti_dim_symbol_name(pool, symbol), name) != 0) symbol++;
        if (symbol == orti_dim_symbol_count(pool))
            ORT_FAIL(INVALID_ARGUMENT, "configuration key 'shapes': the model has no symbol '%s'", name);
        ORT_TRY(range_read(name, bounds, symbol, &composition->ranges[composition->policy.range_count++]));
    }
    composition->policy.ranges = composition->ranges;
    return NULL;
}

ort_status *orti_policy_read(const ort_options *options, const orti_graph *graph, session_composition *composition) {
    composition->policy = (ortp_policy){.size = sizeof composition->policy, .precision = precision_read(options)};
    if (orti_options_bool(options, "deterministic")) composition->policy.flags |= ORTP_POLICY_DETERMINISTIC;
    if (strcmp(orti_options_text(options, "denormals", "keep"), "flush") == 0)
        composition->policy.flags |= ORTP_POLICY_FLUSH_DENORMAL;
    composition->fallback = fallback_read(options);
    composition->host_limit_bytes = orti_options_bytes(options, "limits.host_bytes", UINT64_MAX);
    return graph ? ranges_read(options, graph, composition) : NULL;
}

/* What was asked of all pieces has to be kept by those that were chosen: nothing is ignored silently. */
static ort_status *segment_check(const session_composition *composition, const orti_partitioning *parts,
                                 bool *has_precision) {
    const ortp_policy *policy = &composition->policy;
    for (uint32_t i = 0; i < parts->part_count; i++) {
        const orti_partition *part = &parts->parts[i];
        *has_precision |= part->precision == policy->precision;
        if ((policy->flags & ORTP_POLICY_DETERMINISTIC) && !(part->flags & ORTP_PROPOSAL_DETERMINISTIC))
            ORT_FAIL(UNSUPPORTED,
                     "configuration key 'deterministic': provider '%s' does not promise equal bits for the piece "
                     "from node '%s' on",
                     orti_provider_name(orti_instance_provider(composition->candidates[part->candidate].instance)),
                     orti_graph_node(parts->graph, part->nodes[0])->name);
    }
    return NULL;
}

static ort_status *contract_check(const session_composition *composition) {
    static const char *const words[] = {"model", "bf16", "f16", "tf32"};
    const ortp_policy *policy = &composition->policy;
    bool has_precision = policy->precision == ORTP_PRECISION_MODEL;
    for (uint32_t i = 0; i < composition->segment_count; i++)
        ORT_TRY(segment_check(composition, composition->segments[i]->partitioning, &has_precision));
    if (!has_precision)
        ORT_FAIL(UNSUPPORTED, "configuration key 'precision': no provider computes any node of this model in %s",
                 words[policy->precision]);
    return NULL;
}

typedef struct composing {
    ort_environment *environment;
    session_composition *composition;
} composing;

static ort_status *partition(const composing *self, session_segment *segment) {
    session_composition *composition = self->composition;
    ORT_TRY(orti_marks_grow(composition, segment));
    ORT_TRY(orti_cuts_pin(composition, segment));
    const orti_partition_request request = {.alloc = composition->alloc,
                                            .providers = self->environment->providers,
                                            .graph = segment->graph,
                                            .candidates = composition->candidates,
                                            .candidate_count = composition->candidate_count,
                                            .policy = &composition->policy,
                                            .fallback = composition->fallback,
                                            .log = &self->environment->log,
                                            .pins = segment->pins,
                                            .pin_count = segment->mark_count};
    return orti_partition_create(&request, &segment->partitioning);
}

/* The call becomes the nodes of its body; they are for whoever took it by its body, unless somebody is preferred. */
static ort_status *expand_one(session_composition *composition, session_segment *segment,
                              const orti_expansion *expansion) {
    orti_graph *graph = segment->graph;
    orti_node_id first = ORTI_NONE;
    ORT_TRY(orti_graph_inline_body(graph, expansion->node, &first));
    ORT_TRY(orti_marks_grow(composition, segment));
    const orti_pin *was = &segment->pins[expansion->node];
    orti_pin_kind kind = was->candidate == ORTI_NONE ? ORTI_PIN_WON : was->kind;
    segment->origins[expansion->node] |= COMPOSITION_EXPANDED;
    for (orti_node_id id = first; id < orti_graph_node_count(graph); id++) {
        ORT_TRY(orti_ops_check_arity(orti_graph_node(graph, id)));
        segment->origins[id] = COMPOSITION_OF_BODY;
        segment->pins[id] = (orti_pin){expansion->candidate, kind};
    }
    return NULL;
}

/* The partitioning, which looks at the graph, goes first. */
static ort_status *expand(session_composition *composition, session_segment *segment) {
    orti_arena scratch;
    orti_expansion *expansions = NULL;
    uint32_t count = segment->partitioning->expansion_count;
    orti_arena_init(&scratch, composition->alloc);
    ort_status *status =
        orti_arena_copy(&scratch, segment->partitioning->expansions, count * sizeof *expansions, &expansions);
    orti_partitioning_destroy(segment->partitioning);
    segment->partitioning = NULL;
    for (uint32_t i = 0; i < count && !status; i++) status = expand_one(composition, segment, &expansions[i]);
    orti_arena_finish(&scratch);
    ORT_TRY(status);
    return composition->simplify ? composition->simplify(composition->simplify_user, segment->graph)
                                 : orti_passes_run(segment->graph, NULL);
}

static ort_status *segment_fill(const composing *self, session_segment *segment) {
    session_composition *composition = self->composition;
    ORT_TRY(partition(self, segment));
    while (segment->partitioning->expansion_count) {
        ORT_TRY(expand(composition, segment));
        ORT_TRY(partition(self, segment));
    }
    segment->first_part = composition->part_count;
    composition->part_count += segment->partitioning->part_count;
    const orti_schedule_request schedule = {.alloc = composition->alloc,
                                            .partitioning = segment->partitioning,
                                            .candidates = composition->candidates,
                                            .settings = composition->settings,
                                            .policy = &composition->policy,
                                            .host_limit_bytes = composition->host_limit_bytes,
                                            .plan_limit = composition->plan_limit};
    ORT_TRY(orti_schedule_create(&schedule, &segment->schedule));
    orti_partitioning_close_view(segment->partitioning);
    return NULL;
}

static ort_status *segment_add(session_composition *composition, session_segment **out) {
    ORT_TRY(orti_arena_alloc(&composition->arena, 1, sizeof **out, out));
    ORT_TRY(orti_grow(composition->alloc, &composition->segments, &composition->segment_capacity,
                      composition->segment_count + 1u, sizeof *out));
    composition->segments[composition->segment_count++] = *out;
    return NULL;
}

static ort_status *segment_compose(void *user, orti_graph *graph, const orti_graph *from, const orti_node_id *nodes,
                                   orti_schedule **out) {
    const composing *self = user;
    session_segment *segment = NULL;
    ort_status *status = segment_add(self->composition, &segment);
    if (status) {
        if (graph != from) orti_graph_destroy(graph);
        return status;
    }
    *segment =
        (session_segment){.graph = graph, .from = from, .nodes = nodes, .node_count = orti_graph_node_count(graph)};
    ORT_TRY(segment_fill(self, segment));
    *out = segment->schedule;
    return NULL;
}

/* What the core hands to its own nodes, or gives out, is borrowed from the graph. */
static bool is_script_constant(void *user, const orti_tensor *tensor) {
    const orti_script *script = user;
    for (uint32_t i = 0; i < script->constant_count; i++)
        if (script->constants[i].tensor == tensor) return true;
    return false;
}

ort_status *orti_composition_release_constants(session_composition *composition, orti_graph *graph) {
    for (uint32_t i = 0; i < composition->segment_count; i++) {
        session_segment *segment = composition->segments[i];
        if (segment->graph != segment->from || segment->graph == graph)
            ORT_TRY(orti_graph_outline_constants(segment->graph, is_script_constant, composition->script));
    }
    return orti_graph_outline_constants(graph, is_script_constant, composition->script);
}

ort_status *orti_compose(ort_environment *environment, orti_graph *graph, uint32_t plan_limit,
                         session_composition *composition) {
    composing self = {environment, composition};
    const orti_script_request request = {
        .alloc = composition->alloc, .arena = &composition->arena, .compose = segment_compose, .user = &self};
    composition->plan_limit = plan_limit;
    ORT_TRY(orti_script_create(&request, graph, &composition->script));
    ORT_TRY(orti_script_check(composition->script));
    ORT_TRY(orti_cuts_check(composition));
    return contract_check(composition);
}

static void segment_finish(const session_composition *composition, session_segment *segment) {
    orti_schedule_destroy(segment->schedule);
    orti_partitioning_destroy(segment->partitioning);
    if (segment->graph != segment->from) orti_graph_destroy(segment->graph);
    orti_free(composition->alloc, segment->pins);
    orti_free(composition->alloc, segment->origins);
}

void orti_composition_finish(session_composition *composition) {
    if (!composition->alloc) return;
    for (uint32_t i = 0; i < composition->segment_count; i++) segment_finish(composition, composition->segments[i]);
    for (uint32_t i = 0; i < composition->candidate_count; i++)
        orti_instance_release(composition->candidates[i].instance);
    orti_free(composition->alloc, composition->candidates);
    orti_free(composition->alloc, composition->settings);
    orti_free(composition->alloc, composition->segments);
    orti_arena_finish(&composition->arena);
}
