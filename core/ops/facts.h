/* ops/facts.h: the generated tables. Inside this room only: others ask ops.h. */
#ifndef ORT_CORE_OPS_FACTS_H
#define ORT_CORE_OPS_FACTS_H

#include "ops/ops.h"

typedef struct orti_op_domain_fact {
    const char *domain;
    int32_t newest_opset;
} orti_op_domain_fact;

extern const orti_op orti_op_facts[]; /* sorted by domain, name, since_version */
extern const uint32_t orti_op_fact_count;
extern const orti_op_domain_fact orti_op_domains[];
extern const uint32_t orti_op_domain_count;

#endif
