/* sdk/src/fake_host.h: for tests: a host of one small graph with fixed shapes, and a provider taken through the whole
 * border: propose, settle, compile, prepare, bind, run. Start at: fake_input(), fake_node(), fake_run().
 * Threads: one. A failed call of the host itself ends the test. */
#ifndef ORTK_SRC_FAKE_HOST_H
#define ORTK_SRC_FAKE_HOST_H

#include "ort/plugin/plugin.h"
#include "ort/sdk/kernel.h"

#define FAKE_VALUES 160
#define FAKE_NODES  128
#define FAKE_EDGES  8
#define FAKE_ATTRS  6

typedef struct fake_value {
    char name[16];
    uint32_t kind, dtype, rank, flags, producer, consumer_count;
    int64_t dims[ORTK_RANK_MAX];
    uint32_t consumers[FAKE_NODES];
    void *data; /* constants, known values, inputs: contents; outputs: what the run wrote */
    int64_t count;
} fake_value;

typedef struct fake_attr {
    const char *name;
    uint32_t kind, count;
    int64_t ints[8];
    float number;
    ort_string_view text;
} fake_attr;

typedef struct fake_node_record {
    char name[16];
    const char *op;
    uint32_t inputs[FAKE_EDGES], outputs[FAKE_EDGES], input_count, output_count, attr_count;
    int32_t since, until;
    fake_attr attrs[FAKE_ATTRS];
} fake_node_record;

typedef struct fake_graph {
    fake_value values[FAKE_VALUES];
    fake_node_record nodes[FAKE_NODES];
    uint32_t value_count, node_count, order[FAKE_NODES];
    uint32_t inputs[16], outputs[16], input_count, output_count;
} fake_graph;

typedef struct fake_decline {
    uint32_t node, code;
    char text[200];
} fake_decline;

/* What a run through the border told. */
typedef struct fake_report {
    uint32_t proposal_count, decline_count, step_count, proposed[FAKE_NODES], proposed_count;
    fake_decline declines[FAKE_NODES];
    uint64_t workspace_bytes;
    uint32_t span_count;
    char spans[FAKE_NODES * 4][16];
    char failure[400]; /* of the first call that failed; "" */
    uint32_t failure_code;
} fake_report;

fake_graph *fake_create(void);
void fake_destroy(fake_graph *graph);
uint32_t fake_input(fake_graph *graph, uint32_t rank, const int64_t *dims); /* float32, filled with small numbers */
uint32_t fake_constant(fake_graph *graph, uint32_t dtype, uint32_t rank, const int64_t *dims, const void *data);
uint32_t fake_result(fake_graph *graph, uint32_t rank, const int64_t *dims);
/* ORTP_NONE among inputs: left out. */
uint32_t fake_node(fake_graph *graph, const char *op, const uint32_t *inputs, uint32_t input_count,
                   const uint32_t *outputs, uint32_t output_count);
void fake_attr_ints(fake_graph *graph, uint32_t node, const char *name, const int64_t *values, uint32_t count);
void fake_attr_int(fake_graph *graph, uint32_t node, const char *name, int64_t value);
void fake_attr_float(fake_graph *graph, uint32_t node, const char *name, float value);
void fake_attr_text(fake_graph *graph, uint32_t node, const char *name, const char *value);
void fake_output(fake_graph *graph, uint32_t value);

/* Settings: name, then "true" or "false" or another text; ended by NULL. */
void fake_run(fake_graph *graph, ortp_entry_fn entry, const char *const *settings, uint32_t thread_count,
              fake_report *report);
/* Only propose, over the nodes with allowed[i]. */
void fake_propose(fake_graph *graph, ortp_entry_fn entry, const uint8_t *allowed, fake_report *report);
uint32_t fake_live_allocations(void);
/* The host's tables alone, for what needs no graph; safe from several threads. */
const ortp_host *fake_host(void);
/* A reproducible stream of numbers. */
uint32_t fake_random(uint64_t *state);

#endif
