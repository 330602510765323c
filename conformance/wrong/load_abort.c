/* Aborts while it is loaded. */
#include "wrong.h"

#include <stdlib.h>

void ortc_wrong_spoil(void) {
    abort();
}
