/* base/team.h: the one thread team of a lane (architecture.md, decision 13; cpu-kernels.md, "Team").
 * Start at: orti_team_create(), orti_team_for().  Used by: topology, session (and through the host tables: plugins).
 *
 * `orti_team_for` claims chunks from an atomic counter: the caller takes part, idle workers join, nobody waits for a
 * worker that has claimed nothing; nested calls run inline; chunks depend on n and grain alone, so answers don't depend
 * on the thread count. Workers spin while a run is in flight (up to 2 ms without work) and some 50 us after, then sleep
 * (futex). Entering a run wakes nobody: the first call of more than one chunk does.
 * A call with one chunk, or a team of one, makes no system call and takes no lock. */
#ifndef ORT_CORE_BASE_TEAM_H
#define ORT_CORE_BASE_TEAM_H

#include "base/alloc.h"

typedef struct orti_team orti_team;

/* `end` is exclusive. `slot` is in [0, thread_count): two calls that run at once have different slots. */
typedef void (*orti_team_fn)(void *user, int64_t begin, int64_t end, uint32_t slot);

/* `thread_count` includes the caller: 1 starts no thread. `bind(user, worker)` runs first on each worker (1 ..
 * thread_count-1), for affinity and memory binding; NULL: nothing. All have bound themselves when this returns. Workers
 * receive no signals. IO when a thread can't be started. */
ORT_MUST_USE ort_status *orti_team_create(const orti_allocator *alloc, uint32_t thread_count,
                                          void (*bind)(void *user, uint32_t worker), void *user, orti_team **out);
void orti_team_destroy(orti_team *team); /* takes NULL; waits for the workers to leave */
uint32_t orti_team_thread_count(const orti_team *team);

/* Says that a run begins or ends: workers stay awake in between. Any thread; counted. */
void orti_team_enter(orti_team *team);
void orti_team_leave(orti_team *team);

/* Calls fn over [0, n) in chunks of `grain` (the last may be shorter; 0 counts as 1). Returns when all are done.
 * Several threads may call at once: one has the workers, the others compute their own alone with a slot of their own
 * ... which is 0: slots are unique inside one call only, so scratch belongs to the call. Allocates nothing. */
void orti_team_for(orti_team *team, int64_t n, int64_t grain, orti_team_fn fn, void *user);

/* True when workers are awake: a step of a few microseconds pays then, and does not on a cold team. */
bool orti_team_is_hot(const orti_team *team);

#endif
