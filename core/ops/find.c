/* Looking operators up in the generated facts: sorted by domain, name, version. */
#include "ops/facts.h"

#include <string.h>

static const char *plain_domain(const char *domain) {
    return strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

static int compare(const orti_op *op, const char *domain, const char *name) {
    int order = strcmp(op->domain, domain);
    return order ? order : strcmp(op->name, name);
}

/* The first fact that is not before (domain, name). */
static uint32_t lower_bound(const char *domain, const char *name) {
    uint32_t low = 0, high = orti_op_fact_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&orti_op_facts[middle], domain, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const orti_op *orti_op_find(const char *domain, const char *name, int32_t opset) {
    const orti_op *found = NULL;
    domain = plain_domain(domain);
    for (uint32_t i = lower_bound(domain, name); i < orti_op_fact_count; i++) {
        const orti_op *op = &orti_op_facts[i];
        if (compare(op, domain, name) != 0 || op->since_version > opset) break;
        found = op;
    }
    return found;
}

const orti_op *orti_op_newest(const char *domain, const char *name) {
    return orti_op_find(domain, name, INT32_MAX);
}

int32_t orti_ops_newest_opset(const char *domain) {
    domain = plain_domain(domain);
    for (uint32_t i = 0; i < orti_op_domain_count; i++)
        if (strcmp(orti_op_domains[i].domain, domain) == 0) return orti_op_domains[i].newest_opset;
    return 0;
}

const char *orti_op_nearest(const char *domain, const char *name) {
    const char *names[1024];
    size_t count = 0;
    domain = plain_domain(domain);
    for (uint32_t i = lower_bound(domain, ""); i < orti_op_fact_count && count < 1024; i++) {
        if (strcmp(orti_op_facts[i].domain, domain) != 0) break;
        if (count == 0 || strcmp(names[count - 1], orti_op_facts[i].name) != 0) names[count++] = orti_op_facts[i].name;
    }
    return orti_nearest_name(name, names, count);
}
