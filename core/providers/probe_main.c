/* ort-probe MANIFEST: opens one provider and writes what happens to file descriptor 3 (probe.h). Run by the core. */
#include "providers/internal.h"
#include "providers/probe.h"

#include <stdio.h>

static void stage_write(void *user, const char *stage) {
    fprintf(user, "stage %s\n", stage);
    fflush(user);
}

static ort_status *probe(const char *manifest, FILE *out) {
    orti_providers *providers = NULL;
    const orti_providers_options options = {.api_paths = &manifest, .api_path_count = 1, .skip_defaults = true};
    ORT_TRY(orti_providers_create(orti_allocator_default(), &options, &providers));
    orti_provider *provider = orti_providers_at(providers, 0);
    if (!provider) ORT_FAIL(NOT_FOUND, "'%s' is no manifest", manifest);
    provider->on_stage = stage_write;
    provider->on_stage_user = out;
    ort_status *status = orti_provider_open(provider);
    if (status) {
        orti_provider_facts facts;
        orti_provider_describe(provider, &facts);
        fprintf(out, "stage %s\nrefused %u %s\n", facts.stage, (unsigned)facts.code, facts.reason);
        ort_status_destroy(status);
    } else {
        fprintf(out, "done %u\n", (unsigned)orti_provider_device_count(provider));
    }
    fflush(out);
    orti_providers_destroy(providers);
    return NULL;
}

int main(int argc, char **argv) {
    FILE *out = fdopen(PROBE_FD, "w");
    if (argc != 2 || !out) {
        fputs("ort-probe: opens a provider for the core, which asks for the answer on file descriptor 3\n", stderr);
        return 2;
    }
    ort_status *status = probe(argv[1], out);
    ort_status_destroy(status);
    return status ? 3 : 0;
}
