/* libort is made of the rooms' archives; a shared object wants one source of its own. */
#include "ort/ort.h"

extern const char ort_build[];
ORT_EXPORT const char ort_build[] = "orthrus";
