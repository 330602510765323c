/* providers/probe.h: what the probe program writes and the core reads: lines of words.
 *     stage NAME            a step begins: the last one says where it crashed
 *     refused CODE TEXT     it was refused at the last stage
 *     done COUNT            it opened, with so many devices */
#ifndef ORT_CORE_PROVIDERS_PROBE_H
#define ORT_CORE_PROVIDERS_PROBE_H

#define PROBE_FD         3
#define PROBE_TEXT_BYTES 65536u

#endif
