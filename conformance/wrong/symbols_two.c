/* Exports a second symbol. */
#include "wrong.h"

ORT_EXPORT int wrong_helper(void);

ORT_EXPORT int wrong_helper(void) {
    return 1;
}

void ortc_wrong_spoil(void) {}
