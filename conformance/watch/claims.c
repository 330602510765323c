/* propose and settle: what the subject is asked, what it answers, and what is kept from it. */
#include "watch/inner.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUP_COUNT 3u
#define HIDDEN      UINT32_MAX /* as a group */

/* ---- nodes ---- */

static char *text_copy(ort_string_view view) {
    char *copy = malloc((size_t)view.length + 1);
    if (!copy) return NULL;
    if (view.length) memcpy(copy, view.data, (size_t)view.length);
    copy[view.length] = 0;
    return copy;
}

static bool is_text(ort_string_view view, const char *text) {
    return view.length == strlen(text) && (!view.length || memcmp(view.data, text, (size_t)view.length) == 0);
}

static void node_destroy(watch_node *node) {
    if (!node) return;
    free((char *)(uintptr_t)node->facts.name);
    free((char *)(uintptr_t)node->facts.op_type);
    free((char *)(uintptr_t)node->facts.domain);
    free((char *)(uintptr_t)node->facts.output);
    free((char *)(uintptr_t)node->facts.decline_text);
    free(node);
}

static watch_node *node_create(const ortp_node_info *info, ort_string_view output, uint32_t in_dtype,
                               uint32_t out_dtype) {
    watch_node *node = calloc(1, sizeof *node);
    if (!node) return NULL;
    node->facts = (ortc_watch_node){.name = text_copy(info->name),
                                    .op_type = text_copy(info->op_type),
                                    .domain = text_copy(info->domain),
                                    .output = text_copy(output),
                                    .decline_text = text_copy((ort_string_view){"", 0}),
                                    .in_dtype = in_dtype,
                                    .out_dtype = out_dtype};
    const ortc_watch_node *facts = &node->facts;
    if (facts->name && facts->op_type && facts->domain && facts->output && facts->decline_text) return node;
    node_destroy(node);
    return NULL;
}

static ort_status *value_ask(const ortp_view *view, const uint32_t *values, uint32_t count, ortp_value_info *out) {
    *out = (ortp_value_info){.size = sizeof *out};
    for (uint32_t i = 0; i < count; i++)
        if (values[i] != ORTP_NONE) return ortc_middle->graph->value(view, values[i], out);
    return NULL;
}

/* Under the lock. */
static watch_node *node_find(const ortc_watch *watch, const ortp_node_info *info, ort_string_view output) {
    watch_node *at = watch->nodes;
    while (at && !(is_text(info->name, at->facts.name) && is_text(info->op_type, at->facts.op_type) &&
                   is_text(output, at->facts.output)))
        at = at->next;
    return at;
}

static ort_status *node_record(const ortp_view *view, uint32_t id, watch_node **out) {
    ortc_watch *watch = ortc_middle;
    ortp_node_info info = {.size = sizeof info};
    ortp_value_info in, first;
    ort_status *status = watch->graph->node(view, id, &info);
    if (!status) status = value_ask(view, info.inputs, info.input_count, &in);
    if (!status) status = value_ask(view, info.outputs, info.output_count, &first);
    if (status) return status;
    pthread_mutex_lock(&watch->lock);
    *out = node_find(watch, &info, first.name);
    if (!*out && (*out = node_create(&info, first.name, in.dtype, first.dtype))) {
        *watch->last_node = *out;
        watch->last_node = &(*out)->next;
        watch->node_count++;
    }
    pthread_mutex_unlock(&watch->lock);
    return *out ? NULL : ortc_watch_out_of_memory();
}

/* ---- the sink in the middle ---- */

typedef struct asker {
    ortp_instance *instance;
    const ortp_view *view;
    const ortp_claim_sink *sink;
    ortp_graph_info graph;
    watch_node **nodes; /* by id; NULL: not shown */
    uint32_t *groups;   /* by place in graph.nodes */
    uint32_t *places;   /* by id */
    uint8_t *mask;      /* of the present call, by place */
    uint8_t *answered;  /* by place */
} asker;

static bool asks_for(const asker *self, uint32_t node) {
    return self->mask[self->places[node]];
}

static bool is_shown(const asker *self, uint32_t node) {
    return node < self->graph.node_bound && self->nodes[node];
}

/* What a proposal says of nodes, judged; true when all of them exist. */
static bool proposal_judge(asker *self, const ortp_proposal *proposal) {
    for (uint32_t i = 0; i < proposal->node_count; i++) {
        uint32_t node = proposal->nodes[i];
        if (!is_shown(self, node)) {
            ortc_watch_note("claim.known", "a proposal names node %u, which the view does not show", node);
            return false;
        }
        if (!asks_for(self, node))
            ortc_watch_note("claim.allowed", "node '%s' (%s) is taken and was not allowed",
                            self->nodes[node]->facts.name, self->nodes[node]->facts.op_type);
        self->answered[self->places[node]] = 1;
    }
    return true;
}

static watch_claim *claim_create(const asker *self, const ortp_proposal *proposal) {
    watch_claim *claim = calloc(1, sizeof *claim + proposal->node_count * sizeof *claim->nodes);
    if (!claim) return NULL;
    claim->instance = self->instance;
    claim->epoch = self->graph.epoch;
    claim->token = proposal->token;
    claim->device = proposal->device;
    claim->node_count = proposal->node_count;
    claim->is_deterministic = proposal->flags & ORTP_PROPOSAL_DETERMINISTIC;
    for (uint32_t i = 0; i < proposal->node_count; i++) claim->nodes[i] = self->nodes[proposal->nodes[i]];
    return claim;
}

static ort_status *sink_propose(void *user, const ortp_proposal *proposal) {
    asker *self = user;
    ortc_watch *watch = ortc_middle;
    bool is_known = proposal && proposal->size >= ORTP_PROPOSAL_SIZE_0_0 && proposal->nodes;
    is_known = is_known && proposal_judge(self, proposal);
    ort_status *status = self->sink->propose(self->sink->user, proposal);
    if (status || !is_known) return status;
    watch_claim *claim = claim_create(self, proposal);
    if (!claim) return ortc_watch_out_of_memory();
    pthread_mutex_lock(&watch->lock);
    claim->next = watch->claims;
    watch->claims = claim;
    for (uint32_t i = 0; i < claim->node_count; i++) {
        claim->nodes[i]->facts.state |= ORTC_NODE_PROPOSED;
        claim->nodes[i]->facts.is_deterministic = claim->is_deterministic;
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static ort_status *sink_decline(void *user, uint32_t node, uint32_t code, ort_string_view text) {
    asker *self = user;
    if (!is_shown(self, node)) {
        ortc_watch_note("claim.known", "a decline names node %u, which the view does not show", node);
        return self->sink->decline(self->sink->user, node, code, text);
    }
    if (!asks_for(self, node)) return NULL; /* its turn is another call's */
    self->answered[self->places[node]] = 1;
    ortc_watch_node *facts = &self->nodes[node]->facts;
    char *copy = text_copy(text);
    pthread_mutex_lock(&ortc_middle->lock);
    facts->state |= ORTC_NODE_DECLINED;
    facts->decline_code = code;
    if (copy) {
        free((char *)(uintptr_t)facts->decline_text);
        facts->decline_text = copy;
    }
    pthread_mutex_unlock(&ortc_middle->lock);
    if (!text.length)
        ortc_watch_note("claim.answers", "node '%s' (%s) is declined without a word", facts->name, facts->op_type);
    return self->sink->decline(self->sink->user, node, code, text);
}

/* ---- cuts ---- */

/* splitmix64's finalizer: every bit of the input reaches every bit of the output. */
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static bool is_hidden_by_name(const ortc_watch *watch, const ortc_watch_node *node) {
    for (uint32_t i = 0; i < watch->hidden_count; i++)
        if (strcmp(watch->hidden[i], node->name) == 0 || strcmp(watch->hidden[i], node->op_type) == 0) return true;
    return false;
}

/* Gives each node its group and returns how many there are. */
static uint32_t groups_fill(asker *self) {
    ortc_watch *watch = ortc_middle;
    pthread_mutex_lock(&watch->lock);
    uint32_t count = watch->cut == ORTC_CUT_EACH     ? self->graph.node_count
                     : watch->cut == ORTC_CUT_GROUPS ? GROUP_COUNT
                                                     : 1;
    for (uint32_t i = 0; i < self->graph.node_count; i++) {
        watch_node *node = self->nodes[self->graph.nodes[i]];
        uint64_t dice = mix(watch->seed * UINT64_C(0x9e3779b97f4a7c15) + self->graph.nodes[i] + 1);
        uint32_t group = watch->cut == ORTC_CUT_EACH     ? i
                         : watch->cut == ORTC_CUT_GROUPS ? (uint32_t)(dice % GROUP_COUNT)
                                                         : 0;
        if (watch->cut == ORTC_CUT_HIDE && (dice & 1)) group = HIDDEN;
        if (is_hidden_by_name(watch, &node->facts)) group = HIDDEN;
        if (group == HIDDEN) node->facts.state |= ORTC_NODE_HIDDEN;
        self->groups[i] = group;
    }
    pthread_mutex_unlock(&watch->lock);
    return count;
}

static ort_status *hidden_decline(const asker *self, const uint8_t *allowed) {
    static const char text[] = "hidden by the conformance suite";
    for (uint32_t i = 0; i < self->graph.node_count; i++) {
        if (self->groups[i] != HIDDEN || (allowed && !allowed[i])) continue;
        ort_status *status = self->sink->decline(self->sink->user, self->graph.nodes[i], ORTP_DECLINE_POLICY,
                                                 (ort_string_view){text, sizeof text - 1});
        if (status) return status;
    }
    return NULL;
}

static void silence_note(const asker *self) {
    for (uint32_t i = 0; i < self->graph.node_count; i++) {
        const ortc_watch_node *node = &self->nodes[self->graph.nodes[i]]->facts;
        if (self->mask[i] && !self->answered[i])
            ortc_watch_note("claim.answers", "node '%s' (%s) got neither a proposal nor a decline", node->name,
                            node->op_type);
    }
}

static ort_status *group_ask(asker *self, uint32_t group, const uint8_t *allowed, const ortp_policy *policy) {
    const ortp_claim_sink sink = {.size = sizeof sink, .user = self, .propose = sink_propose, .decline = sink_decline};
    bool is_all = !allowed, is_any = false;
    for (uint32_t i = 0; i < self->graph.node_count; i++) {
        self->mask[i] = self->groups[i] == group && (!allowed || allowed[i]);
        is_all = is_all && self->mask[i];
        is_any = is_any || self->mask[i];
    }
    if (!is_any && group) return NULL;
    ort_status *status =
        ortc_middle->claim.propose(self->instance, self->view, is_all ? NULL : self->mask, policy, &sink);
    if (!status) silence_note(self);
    return status;
}

static ort_status *nodes_record(asker *self) {
    for (uint32_t i = 0; i < self->graph.node_count; i++) {
        uint32_t id = self->graph.nodes[i];
        ort_status *status = node_record(self->view, id, &self->nodes[id]);
        if (status) return status;
        self->places[id] = i;
    }
    return NULL;
}

static ort_status *ask(asker *self, const uint8_t *allowed, const ortp_policy *policy) {
    ort_status *status = nodes_record(self);
    if (status) return status;
    uint32_t group_count = groups_fill(self);
    for (uint32_t group = 0; !status && group < group_count; group++) status = group_ask(self, group, allowed, policy);
    return status ? status : hidden_decline(self, allowed);
}

static ort_status *propose(ortp_instance *instance, const ortp_view *view, const uint8_t *allowed,
                           const ortp_policy *policy, const ortp_claim_sink *sink) {
    asker self = {.instance = instance, .view = view, .sink = sink, .graph = {.size = sizeof self.graph}};
    ort_status *status = ortc_middle->graph->graph(view, &self.graph);
    if (status) return status;
    size_t bound = self.graph.node_bound + 1u, count = self.graph.node_count + 1u;
    self.nodes = calloc(bound, sizeof *self.nodes);
    self.places = calloc(bound, sizeof *self.places);
    self.groups = calloc(count, sizeof *self.groups);
    self.mask = calloc(count, 1);
    self.answered = calloc(count, 1);
    bool is_good = self.nodes && self.places && self.groups && self.mask && self.answered;
    status = is_good ? ask(&self, allowed, policy) : ortc_watch_out_of_memory();
    free(self.nodes);
    free(self.places);
    free(self.groups);
    free(self.mask);
    free(self.answered);
    return status;
}

/* ---- settle ---- */

static bool is_among(uint64_t token, const uint64_t *tokens, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (tokens[i] == token) return true;
    return false;
}

static void settle(ortp_instance *instance, uint64_t epoch, const uint64_t *tokens, uint64_t token_count) {
    ortc_watch *watch = ortc_middle;
    pthread_mutex_lock(&watch->lock);
    for (watch_claim **at = &watch->claims; *at;) {
        watch_claim *claim = *at;
        bool is_mine = claim->instance == instance && claim->epoch == epoch;
        if (is_mine && !is_among(claim->token, tokens, token_count)) {
            *at = claim->next;
            free(claim);
            continue;
        }
        for (uint32_t i = 0; is_mine && i < claim->node_count; i++) claim->nodes[i]->facts.state |= ORTC_NODE_ACCEPTED;
        at = &claim->next;
    }
    pthread_mutex_unlock(&watch->lock);
    watch->claim.settle(instance, epoch, tokens, token_count);
}

const ortp_claim_table ortc_watch_claims = {.size = sizeof(ortp_claim_table), .propose = propose, .settle = settle};

watch_claim *ortc_watch_claim_take(const ortp_instance *instance, uint64_t epoch, uint64_t token) {
    watch_claim *found = NULL;
    pthread_mutex_lock(&ortc_middle->lock);
    for (watch_claim **at = &ortc_middle->claims; *at && !found; at = &(*at)->next) {
        if ((*at)->instance != instance || (*at)->epoch != epoch || (*at)->token != token) continue;
        found = *at;
        *at = found->next;
        for (uint32_t i = 0; i < found->node_count; i++) found->nodes[i]->facts.state |= ORTC_NODE_COMPILED;
        break;
    }
    pthread_mutex_unlock(&ortc_middle->lock);
    return found;
}

void ortc_watch_claims_drop(const ortp_instance *instance) {
    pthread_mutex_lock(&ortc_middle->lock);
    for (watch_claim **at = &ortc_middle->claims; *at;) {
        watch_claim *claim = *at;
        if (claim->instance != instance) {
            at = &claim->next;
            continue;
        }
        *at = claim->next;
        free(claim);
    }
    pthread_mutex_unlock(&ortc_middle->lock);
}

/* ---- questions and settings ---- */

void ortc_watch_set_cut(ortc_watch *watch, ortc_cut cut, uint64_t seed) {
    pthread_mutex_lock(&watch->lock);
    watch->cut = cut;
    watch->seed = seed;
    pthread_mutex_unlock(&watch->lock);
}

void ortc_watch_set_hidden(ortc_watch *watch, const char *const *names, uint32_t name_count) {
    pthread_mutex_lock(&watch->lock);
    watch->hidden = names;
    watch->hidden_count = name_count;
    pthread_mutex_unlock(&watch->lock);
}

uint32_t ortc_watch_node_count(const ortc_watch *watch) {
    return watch->node_count;
}

ortc_watch_node ortc_watch_node_get(const ortc_watch *watch, uint32_t index) {
    const watch_node *at = watch->nodes;
    while (at && index--) at = at->next;
    if (!at) return (ortc_watch_node){.name = "", .op_type = "", .domain = "", .output = "", .decline_text = ""};
    ortc_watch_node facts = at->facts;
    facts.run_count = atomic_load(&at->run_count);
    return facts;
}

uint64_t ortc_watch_runs_of(const ortc_watch *watch, const char *name) {
    uint64_t least = UINT64_MAX;
    for (const watch_node *at = watch->nodes; at; at = at->next) {
        uint64_t count = atomic_load(&at->run_count);
        if (strcmp(at->facts.name, name) == 0 && count < least) least = count;
    }
    return least == UINT64_MAX ? 0 : least;
}

void ortc_watch_forget(ortc_watch *watch) {
    pthread_mutex_lock(&watch->lock);
    for (watch_node *next = NULL; watch->nodes; watch->nodes = next) {
        next = watch->nodes->next;
        node_destroy(watch->nodes);
    }
    watch->last_node = &watch->nodes;
    watch->node_count = watch->finding_count = 0;
    pthread_mutex_unlock(&watch->lock);
    atomic_store(&watch->programs, 0);
    atomic_store(&watch->runs, 0);
    atomic_store(&watch->launches, 0);
    atomic_store(&watch->copies, 0);
    atomic_store(&watch->copied_bytes, 0);
}
