/* Exports a second symbol. */
#include "wrong.h"

ORT_EXPORT int ortc_wrong_exported(void);

ORT_EXPORT int ortc_wrong_exported(void) {
    return 1;
}

void ortc_wrong_spoil(void) {}
