/* libort is made of the rooms' archives; a shared object wants one source of its own. */
#include "ort/ort.h"

_Static_assert(ORT_VERSION_MAJOR == 0, "a new major version is a new SONAME: libort.cmake");
