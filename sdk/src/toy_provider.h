/* sdk/src/toy_provider.h: for tests: a provider of a few small kernels that use every feature of the contract. */
#ifndef ORTK_SRC_TOY_PROVIDER_H
#define ORTK_SRC_TOY_PROVIDER_H

#include "ort/sdk/provider.h"

uint32_t ortp_entry_v0(const ortp_entry_request *request, ortp_entry_reply *reply);

#endif
