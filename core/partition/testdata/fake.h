/* partition/testdata/fake.h: providers for tests, written on plugin-api alone: one whose memory the host can't touch
 * and whose queues are threads of their own, one that works inline on host pointers. They compute elementwise float
 * operators. Threads: any. */
#ifndef ORT_CORE_PARTITION_FAKE_H
#define ORT_CORE_PARTITION_FAKE_H

#include "ort/plugin/plugin.h"

extern const char fake_far_manifest[], fake_near_manifest[];
uint32_t fake_far_entry(const ortp_entry_request *request, ortp_entry_reply *reply);
uint32_t fake_near_entry(const ortp_entry_request *request, ortp_entry_reply *reply);

/* Operator types that each takes, separated by spaces; set before a graph is proposed. */
extern const char *fake_far_ops, *fake_near_ops;
/* Proposes a node twice, in two proposals: a breach of the border. */
extern int fake_far_lies;
/* Far takes composites that it knows by their body. */
extern int fake_far_by_body;
/* All that far takes in one proposal, next to each other or not. */
extern int fake_far_scatters;
/* The NUMA node that far says its device is at; ORTP_NONE at first. Set before it is opened. */
extern uint32_t fake_far_numa_node;
/* Programs with a node of this name fail when they run. */
extern const char *fake_failing_node;
/* So many programs of far devices succeed, the one after them fails, those after it succeed; -1: all succeed. */
extern _Atomic int fake_far_good_count;
/* The code of such a failure; DEVICE_LOST at first. */
extern _Atomic uint32_t fake_far_code;
/* Memory of far devices, and what of it is in use; -1: no bound. */
extern _Atomic long fake_far_limit_bytes, fake_far_live_bytes;
extern _Atomic int fake_far_trim_count, fake_far_is_lost;
/* While held, far queues take work and begin none of it. */
void fake_far_hold(void);
void fake_far_release(void);
/* Blocks until so many pieces of work are queued on far devices and not done. */
void fake_far_wait_open(int count);
/* Tasks of far queues sleep so many yields first, to let others run ahead. */
extern int fake_far_delay;
/* Settles that a far instance was told of, and live buffers of it. */
extern _Atomic int fake_settle_count, fake_live_buffers, fake_open_points;

#endif
