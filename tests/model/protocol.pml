/* How several hosts make one session's role and room, each once: the attempt row is the fence.
 *
 * Two hosts, one session, two kinds of thing (its role, then its room), one database, one Discord. What may go wrong
 * is drawn from a budget: a process is killed, or frozen for longer than a lease lasts; an answer is lost or
 * is a refusal; a database connection breaks, with the transaction applied or not. For nothing, and at any moment:
 * Discord acts late on what nobody waits for any more, or never; a lease expires under a holder that is gone; ticks
 * come, together or not at all.
 *
 * What is left out: what people do in the guild, time itself (what takes time is a step that may come at any moment
 * after what must come first), lists that lag (they are acts of Discord that come late), and the people let in.
 *
 * MODE, FAULT and BUDGET are taken from the environment of the search: see `python -m tests.model`.
 */

/* The modes. */
#define LEASED                   0  /* PostgreSQL: a lease says who works, rows say what is written */
#define UNLEASED                 1  /* the same, but every host believes at every moment that it alone works */
#define LOCKED                   2  /* one machine: a lock file, which the kernel releases with the process */
byte mode;

/* Planted faults, each of which the claims must find. */
#define SOUND                    0  /* none */
#define UNFENCED                 1  /* an attempt is written after a check, whatever was written meanwhile */
#define SESSION_LOCK             2  /* a session's lock in place of rows; behind a pooler it goes with any connection */
#define NO_TERM                  3  /* what a run writes does not carry its lease's term */
#define KEEPS_TERM               4  /* a lease that has run out is taken again under its old term */
#define UPSERTS                  5  /* a lease is renewed whoever holds it by now */
#define FENCE_OUTSIDE            6  /* revision and term are compared in a statement before the one that writes */
#define REPEATS_ATTEMPT          7  /* an attempt whose commit is in doubt is written again, and sent */
#define SENDS_IN_DOUBT           8  /* an attempt whose commit is in doubt is sent */
#define LISTS_FIRST              9  /* Discord is listed before the ledger is read */
#define AGES_LATE               10  /* whether an attempt is old is asked after Discord was listed */
#define AGES_SOON               11  /* an attempt counts as old while its sender may still wait for a rate limit */
#define FORGETS                 12  /* an attempt that was written off tells no more whose a thing is */
#define ADOPTS_AMISS            13  /* what is found is noted in the open attempt's row, whichever attempt made it */
byte fault;

c_decl {
    extern char *getenv(const char *);
    extern int atoi(const char *);
    static int setting(const char *name) { char *value = getenv(name); return value ? atoi(value) : 0; }
}

#define ROLE 0
#define ROOM 1
#ifdef TRACE
#define ROWS 7
#define CELLS 14
#define THINGS 7
#define NOBODY 15           /* of a thing: nobody knows by which attempt it came; other signs tell whose it is */
#else
#define CELLS 8
#define ROWS 4              /* of one kind: as many attempts as the budget can spoil, and one more; asserted */
#define THINGS 4            /* of one kind, that may ever come to be; asserted */
#define NOBODY 255
#endif

/* A row of the ledger: its state, and which thing it names (1 is the first; 0 is none yet). */
#define FREE 0
#define ATTEMPTED 1
#define MADE 2
#define SPARE 3
#define REFUSED 4
#define WRITTEN_OFF 5
#define DELETED 6
#define OVERTAKEN 7         /* open still, and a later attempt stands in its place */
#define row(state, thing) ((state) | ((thing) << 3))
#define state_of(r) ((r) & 7)
#define thing_of(r) ((r) >> 3)
#define is_open(r) (state_of(r) == ATTEMPTED || state_of(r) == OVERTAKEN)

/* A thing: asked of Discord and not acted on, there, or not there (again). */
#define NEVER 0
#define PENDING 1
#define THERE 2
#define GONE 3

typedef Rows { byte at[CELLS] };        /* ROWS of each kind; kind k begins at k * ROWS */
#define at_(k, i) at[(k) * ROWS + (i)]

/* the database */
Rows db;
byte count[2];              /* rows of each kind */
byte old[2];                /* by row, bits: attempts older than the longest request and its margin, by Discord's clock */
bool expired = true;        /* the lease's row, by the database's clock; whose it is: see `term` */

/* Discord */
typedef Things { byte at[THINGS]; byte born[THINGS]; byte late };   /* born: by which row; late: bits, acts that came too late */
Things discord[2];
byte things[2];

/* the hosts; a killed one comes again as another process */
typedef Host {
    bool busy;              /* a tick is under way */
    bool frozen;            /* nothing of it happens */
    bool stale;             /* it was frozen for so long that its lease may be another's, by a clock that counts that */
    bool renewing;          /* it was frozen between looking at its clock and renewing */
    bool holds;             /* believes that the lease is its own */
    bool term;              /* holder and term that its writes carry are those of the lease's row */
    bool fresh;             /* the revision its writes carry is that of the entry's row */
    bool doubt;             /* its last write was in doubt, was applied, and nobody has written since */
    bool since;             /* ghost: nobody else has taken the lease since it read */
    bool looked, stands;    /* FENCE_OUTSIDE: it has compared, and what it found */
    byte blind;             /* by kind, bits: not listed since it read, or since an answer was lost */
    bool twice;             /* it has written once more already, on a fresh connection */
    byte sends;             /* the row, from 1, whose create it is about to send or waits for; 0 if none */
    bool sure;              /* that row is on disk */
    byte kind;              /* what that row is of */
    byte waits;             /* the thing, from 1, that it waits for */
    byte dead[2];           /* by row, bits: attempts that were old before it listed */
    byte seen[2];           /* by thing, bits: what it listed */
    byte base[2];           /* how many rows it has read */
    byte rows[2];           /* and how many it has by now */
    Rows mine;              /* the rows as it has them in memory */
};
Host host[2];
bool lock[2];               /* in mode LOCKED, and of SESSION_LOCK */
bool kill[2];
byte budget;
bool calm, over;            /* nothing goes wrong any more; and the ticks that follow are done */
byte ticks;                 /* of them */

#define H host[me]
#define OTHER host[1 - me]

#define SAY printf

/* What must hold, with its meaning: a search stops where it does not, and says so; a trace cannot be followed there. */
#ifdef TRACE
#define CLAIM(meaning, holds) (holds)
#define d_step atomic
#else
#define CLAIM(meaning, holds) if :: (holds) :: else -> SAY("broken: "); SAY(meaning); SAY("\n"); assert(false) fi
#endif
#define BOUND(holds) CLAIM("the model has room for all that happens (this is no claim about the protocol)", holds)
/* A step that shows from outside. If traces of real runs are given, they say which of them comes next; and the ledger
 * as the model has it must then be what was found on the disk. */
#ifndef TRACE
#define SPEND budget--
#define SHOWN(event, k)
#define SHOWN_OF(event, k, thing)
#define SHOWN_BY(h, event)
#define GO
#define on_its_way true
#else
#define BEGIN 1
#define LIST 2
#define SEND 3
#define DELETE 4
#define KILLED 5
#define END 6
#define FROZEN 7
#define THAWED 8
#define SPEND skip
#define code_(h, event, k) ((h) * 32 + (event) * 2 + (k))
#define SHOWN(event, k) && next == code_(me, event, k)
#define SHOWN_OF(event, k, thing) && next == code_(me, event, k) && argument == (thing)
#define SHOWN_BY(h, event) && next == code_(h, event, 0)
#define GO c_code { now.next = as_found() ? now.next : ASTRAY; go_on(); }; next != ASTRAY;
#define ASTRAY 255          /* the ledger is not as it was found: nothing goes on */
#define on_its_way (next != ASTRAY)
byte place, next, argument;

c_code {
    \#include "follow.h"

    static void look(void) {
        Trace *it = &followed;
        now.next = now.place < it->length ? it->events[now.place].code : 0;
        now.argument = now.place < it->length ? it->events[now.place].argument : 0;
    }

    static void start(void) {
        Trace *it = &followed;
        for (int kind = 0; kind < 2; kind++) {
            now.count[kind] = it->disk.count[kind];
            for (int i = 0; i < it->disk.count[kind]; i++) now.db.at[kind * 7 + i] = it->disk.at[kind][i];
            now.things[kind] = it->things[kind];
            for (int j = 0; j < it->things[kind]; j++) {
                now.discord[kind].at[j] = it->there[kind] & (1 << j) ? 2 : 3;
                now.discord[kind].born[j] = 15;
            }
        }
        look();
    }

    /* Whether the ledger, and of a list what is there, are as they were found when the next event came. */
    static int as_found(void) {
        Trace *it = &followed;
        Event *event = &it->events[now.place];
        for (int kind = 0; kind < 2; kind++) {
            if (now.count[kind] != event->disk.count[kind]) return 0;
            for (int i = 0; i < now.count[kind]; i++)
                if (now.db.at[kind * 7 + i] != event->disk.at[kind][i]) return 0;
        }
        if (event->code % 32 / 2 == 2) {
            int kind = event->code % 2, there = 0;
            for (int j = 0; j < now.things[kind]; j++) there |= (now.discord[kind].at[j] == 2) << j;
            return there == event->argument;
        }
        return 1;
    }

    static void go_on(void) {
        if (now.next == ASTRAY) return;
        now.place++;
        came_to(now.place);
        look();
    }
}
#endif

/* -------------------------------------------------------------------- claims */

byte n_pending, n_there, i_, j_, k_;

/* At most one create is in flight for each kind, but for those that came too late (see `late`). */
inline claim_one_in_flight(k) {
    d_step {
    n_pending = 0; j_ = 0;
    do
    :: j_ < things[k] ->
        if
        :: discord[k].at[j_] == PENDING && !(discord[k].late & (1 << j_)) -> n_pending++
        :: else
        fi;
        j_++
    :: else -> break
    od;
    CLAIM("at most one create of a kind is in flight, but for those that come too late", n_pending <= 1);
    n_pending = 0; j_ = 0
    }
}

/* There is never more than one thing of a kind, but for one more for each create that came too late. */
inline claim_no_twin(k) {
    d_step {
    n_there = 0; n_pending = 1; j_ = 0;
    do
    :: j_ < things[k] ->
        if
        :: discord[k].late & (1 << j_) -> n_pending++
        :: else
        fi;
        if
        :: discord[k].at[j_] == THERE -> n_there++
        :: else
        fi;
        j_++
    :: else -> break
    od;
    CLAIM("there is one thing of a kind, and one more at most for each create that came too late", n_there <= n_pending);
    n_pending = 0; n_there = 0; j_ = 0
    }
}

/* An attempt is never forgotten: its row ends as refused only if nothing can come of it, as written off only if
 * nobody waits for it any more; and what was made stays made until it is spare or deleted. */
inline claim_not_forgotten(k, i, was, now) {
    CLAIM("what was made stays made until it is spare or deleted",
        state_of(was) != MADE || state_of(now) == MADE || state_of(now) == SPARE || state_of(now) == DELETED);
    CLAIM("what is spare stays so until it is deleted",
        state_of(was) != SPARE || state_of(now) == SPARE || state_of(now) == DELETED || state_of(now) == MADE);
    CLAIM("what was deleted stays deleted", state_of(was) != DELETED || state_of(now) == DELETED);
    CLAIM("an attempt that was closed is never open again",
        is_open(was) || !is_open(now) || state_of(was) == FREE);
    CLAIM("no row is ever forgotten", state_of(now) != FREE);
    if
    :: is_open(was) && state_of(now) == REFUSED ->
        j_ = 0;
        do
        :: j_ < things[k] ->
            CLAIM("an attempt counts as refused only if nothing came of it and nothing will",
                discord[k].born[j_] != i || discord[k].at[j_] == NEVER);
            j_++
        :: else -> break
        od;
        j_ = 0
    :: else
    fi
}

/* -------------------------------------------------------------------- the ledger */

#define in_term (mode != LEASED || H.term || fault == NO_TERM)
#define in_revision (H.fresh || H.doubt || fault == UNFENCED || fault == SESSION_LOCK)
#define fence (in_term && in_revision)

/* Whether this host may send: its own clock, which counts a suspension, tells. */
#define may_send (mode != LEASED || (H.holds && !H.stale))

/* Whether an open attempt is believed dead: it was old before Discord was listed; or its process held the lock. */
#define aged(k) (fault == AGES_LATE -> old[k] : H.dead[k])
#define dead(k, i) (mode == LOCKED || (aged(k) & (1 << (i))))

/* A host holds a lease as long as its clock lets it; it gives it up before the database's clock says that it is over,
 * unless it was frozen. */
#define holding(h) (host[h].term && host[h].holds && !host[h].frozen && !host[h].stale)

inline take_lease(h) {
    CLAIM("two hosts hold the lease at once only if one was frozen and has not looked at its clock since",
        !(host[1 - h].holds && !host[1 - h].frozen && !host[1 - h].stale));
    expired = false; host[1 - h].term = false; host[1 - h].since = false
}

/* A host goes on where it was frozen. Was that between a look at its clock and a renewal, then the renewal comes now:
 * a lease that is still its own is renewed; one that has run out is taken again with a new term, so that what this run
 * has read and written belongs to an older one, and it sends nothing more; one that is another's is lost. */
inline thaw(h) {
    host[h].frozen = false;
    if
    :: !host[h].renewing
    :: host[h].renewing && host[h].term && !expired -> host[h].stale = false
    :: host[h].renewing && fault == UPSERTS && !(host[h].term && !expired) ->
        take_lease(h); host[h].term = true; host[h].stale = false
    :: host[h].renewing && fault == KEEPS_TERM && expired ->
        take_lease(h); host[h].term = true; host[h].stale = false
    :: host[h].renewing && fault != UPSERTS && fault != KEEPS_TERM && expired ->
        take_lease(h); host[h].term = false; host[h].holds = false
    :: host[h].renewing && fault != UPSERTS && !host[h].term && !expired -> host[h].holds = false
    fi;
    host[h].renewing = false
}

inline forget_memory() {
    d_step {
    i_ = 0;
    do
    :: i_ < 2 * ROWS -> H.mine.at[i_] = 0; i_++
    :: else -> break
    od;
    i_ = 0;
    H.rows[ROLE] = 0; H.rows[ROOM] = 0; H.base[ROLE] = 0; H.base[ROOM] = 0;
    H.seen[ROLE] = 0; H.seen[ROOM] = 0; H.dead[ROLE] = 0; H.dead[ROOM] = 0
    }
}

inline read_rows() {
    d_step {
    i_ = 0;
    do
    :: i_ < 2 * ROWS -> H.mine.at[i_] = db.at[i_]; i_++
    :: else -> break
    od;
    i_ = 0;
    H.rows[ROLE] = count[ROLE]; H.rows[ROOM] = count[ROOM];
    H.base[ROLE] = count[ROLE]; H.base[ROOM] = count[ROOM];
    H.fresh = true; H.doubt = false
    }
}

inline read_ledger() {
    read_rows();
    H.since = true; H.blind = (fault == LISTS_FIRST -> 0 : 3); H.dead[ROLE] = old[ROLE]; H.dead[ROOM] = old[ROOM];
    SAY("host %d reads the ledger\n", me)
}

/* Write every row as it is in memory; what is new gets the next number. */
inline write_rows() {
    d_step {
    CLAIM("what a run writes changes nothing once another has taken the lease", mode != LEASED || H.since);
    k_ = 0;
    do
    :: k_ < 2 ->
        i_ = 0;
        do
        :: i_ < H.base[k_] ->
            claim_not_forgotten(k_, i_, db.at_(k_, i_), H.mine.at_(k_, i_));
            db.at_(k_, i_) = H.mine.at_(k_, i_);
            i_++
        :: else -> break
        od;
        do
        :: i_ < H.rows[k_] ->
            BOUND(count[k_] < ROWS);
            db.at_(k_, count[k_]) = H.mine.at_(k_, i_);
            if
            :: H.sends == i_ + 1 && H.kind == k_ -> H.sends = count[k_] + 1
            :: else
            fi;
            count[k_] = count[k_] + 1;
            i_++
        :: else -> break
        od;
        k_++
    :: else -> break
    od;
    k_ = 0; i_ = 0;
    /* What was in doubt and stands already is written as it was: that is no new revision. */
    if
    :: H.fresh -> OTHER.fresh = false; OTHER.doubt = false
    :: !H.fresh
    fi
    };
    read_rows()
}

/* A transaction that writes the entry: kept, or kept out by the fence; or its connection breaks, and nobody knows.
 * `again`: then it is written once more, over a fresh one. */

mtype = { kept, fenced, broken };

#define passes (fault == FENCE_OUTSIDE -> H.stands : fence)

inline transact(end, again) {
    do
    :: atomic {
        fault == FENCE_OUTSIDE && !H.looked ->
        H.looked = true; H.stands = fence; SAY("host %d compares revision and term\n", me)
       }
    :: atomic {
        fault != FENCE_OUTSIDE || H.looked ->
        if
        :: passes ->
            write_rows(); H.sure = (H.sends > 0); end = kept; SAY("host %d writes the entry\n", me)
        :: !passes -> end = fenced; SAY("the fence keeps host %d out\n", me)
        :: passes && budget && mode != LOCKED ->
            SPEND; write_rows(); H.fresh = false; H.doubt = true; end = broken;
            SAY("host %d writes the entry and loses the connection\n", me)
        :: budget -> SPEND; end = broken; SAY("host %d loses the connection before the commit\n", me)
        fi;
        H.looked = false; H.stands = false;
        if
        :: end == broken && (again) && !H.twice -> H.twice = true; end = 0
        :: else -> H.twice = false; break
        fi
       }
    od
}

/* -------------------------------------------------------------------- a host */

#define seen(k, j) (H.seen[k] & (1 << (j)))

inline list(k) {
    d_step {
    H.seen[k] = 0; H.blind = H.blind & ~(1 << k); j_ = 0;
    do
    :: j_ < things[k] ->
        if
        :: discord[k].at[j_] == THERE -> H.seen[k] = H.seen[k] | (1 << j_)
        :: else
        fi;
        j_++
    :: else -> break
    od;
    j_ = 0
    }
}

/* What tells whose a thing is: an attempt on record, open or written off, whose create it may be. */
#define sign(r) (is_open(r) || (state_of(r) == WRITTEN_OFF && fault != FORGETS))
#define ours(k, j) (discord[k].born[j] == NOBODY || sign(H.mine.at_(k, discord[k].born[j] % ROWS)))

/* Find, each from 1 and 0 if there is none: the row that is MADE, one that is SPARE, the open attempt, and the oldest
 * thing that is ours and that no row names. */
inline survey(k) {
    d_step {
    now_made = 0; open = 0; found = 0; spare = 0; i_ = 0;
    do
    :: i_ < H.rows[k] ->
        if
        :: state_of(H.mine.at_(k, i_)) == MADE -> now_made = i_ + 1
        :: state_of(H.mine.at_(k, i_)) == ATTEMPTED -> open = i_ + 1
        :: state_of(H.mine.at_(k, i_)) == SPARE -> spare = i_ + 1
        :: else
        fi;
        i_++
    :: else -> break
    od;
    j_ = 0;
    do
    :: j_ < things[k] && !found ->
        if
        :: seen(k, j_) && ours(k, j_) ->
            found = j_ + 1; i_ = 0;
            do
            :: i_ < H.rows[k] ->
                if
                :: thing_of(H.mine.at_(k, i_)) == j_ + 1 -> found = 0
                :: else
                fi;
                i_++
            :: else -> break
            od
        :: else
        fi;
        j_++
    :: else -> break
    od;
    i_ = 0; j_ = 0
    }
}

/* Note what a thing is: in the row of the attempt that made it, else in a new row. */
inline note(k, state) {
    if
    :: fault == ADOPTS_AMISS && open -> H.mine.at_(k, open - 1) = row(state, found)
    :: fault == ADOPTS_AMISS && !open -> add_row(k, row(state, found))
    :: fault != ADOPTS_AMISS && discord[k].born[found - 1] != NOBODY -> H.mine.at_(k, discord[k].born[found - 1]) = row(state, found)
    :: fault != ADOPTS_AMISS && discord[k].born[found - 1] == NOBODY -> add_row(k, row(state, found))
    fi
}

inline add_row(k, r) {
    BOUND(H.rows[k] < ROWS);
    H.mine.at_(k, H.rows[k]) = r;
    H.rows[k] = H.rows[k] + 1
}

/* Close the attempts that nothing came of; young ones stay open. */
inline write_off(k) {
    d_step {
    i_ = 0;
    do
    :: i_ < H.rows[k] ->
        if
        :: is_open(H.mine.at_(k, i_)) && dead(k, i_) -> H.mine.at_(k, i_) = row(WRITTEN_OFF, 0)
        :: else
        fi;
        i_++
    :: else -> break
    od;
    i_ = 0
    }
}

/* A later attempt stands in place of one that is open still. */
inline overtake(k) {
    d_step {
    i_ = 0;
    do
    :: i_ < H.rows[k] ->
        if
        :: state_of(H.mine.at_(k, i_)) == ATTEMPTED -> H.mine.at_(k, i_) = row(OVERTAKEN, 0)
        :: else
        fi;
        i_++
    :: else -> break
    od;
    i_ = 0
    }
}

/* A new thing stands in place of the one before it. */
inline supersede(k) {
    d_step {
    i_ = 0;
    do
    :: i_ < H.rows[k] ->
        if
        :: state_of(H.mine.at_(k, i_)) == MADE -> H.mine.at_(k, i_) = row(SPARE, thing_of(H.mine.at_(k, i_)))
        :: else
        fi;
        i_++
    :: else -> break
    od;
    i_ = 0
    }
}

#ifdef TRACE
/* Note what a thing is in the row of any attempt that is open, or in a new one: several may fit its time. */
inline note_anyhow(k, state) {
    if
    :: state == MADE -> supersede(k)
    :: else
    fi;
    if
    :: is_open(H.mine.at_(k, 0)) -> H.mine.at_(k, 0) = row(state, found)
    :: is_open(H.mine.at_(k, 1)) -> H.mine.at_(k, 1) = row(state, found)
    :: is_open(H.mine.at_(k, 2)) -> H.mine.at_(k, 2) = row(state, found)
    :: is_open(H.mine.at_(k, 3)) -> H.mine.at_(k, 3) = row(state, found)
    :: add_row(k, row(state, found))
    fi
}

#define write_off_one(k, i) is_open(H.mine.at_(k, i)) && dead(k, i) -> H.mine.at_(k, i) = row(WRITTEN_OFF, 0)
#endif

inline no_more() { H.sends = 0; H.sure = false; H.waits = 0 }

inline clear() { now_made = 0; open = 0; found = 0; spare = 0 }

/* The lock goes with the process, and an open attempt counts as dead: what Discord has not done by now is late. */
inline gone_late(k) {
    d_step {
    j_ = 0;
    do
    :: j_ < things[k] ->
        if
        :: discord[k].at[j_] == PENDING -> discord[k].late = discord[k].late | (1 << j_)
        :: else
        fi;
        j_++
    :: else -> break
    od;
    j_ = 0
    }
}

#define its_row H.mine.at_(H.kind, H.sends - 1)
#define made_row H.mine.at_(k, now_made - 1)
#define spare_row H.mine.at_(k, spare - 1)
#define its_thing discord[H.kind].at[H.waits - 1]

inline leave() {
    end = 0; k = 0; clear(); forget_memory(); no_more();
    H.busy = false; H.frozen = false; H.stale = false; H.renewing = false; H.holds = false; H.term = false;
    H.fresh = false; H.doubt = false; H.since = false; H.looked = false; H.stands = false; H.twice = false; H.blind = 0; H.kind = 0;
    lock[me] = false; kill[me] = false;
    if
    :: mode == LOCKED -> gone_late(ROLE); gone_late(ROOM)
    :: mode != LOCKED
    fi
}

/* Nobody waits for it any more, and another host may believe it dead: whatever Discord has not done by now is late. */
inline too_late(k, i) {
    d_step {
    j_ = 0;
    do
    :: j_ < things[k] ->
        if
        :: discord[k].born[j_] == i && discord[k].at[j_] == PENDING -> discord[k].late = discord[k].late | (1 << j_)
        :: else
        fi;
        j_++
    :: else -> break
    od;
    j_ = 0
    }
}

/* The margin is longer than a lease: who was frozen and holds its lease still was not frozen for so long. */
#define awake(h) (!host[h].frozen || (host[h].term && host[h].holds && !expired))
#define sender(h, k, i) (host[h].sure && awake(h) && host[h].kind == k && host[h].sends == (i) + 1)
#define alive(h, k, i) (sender(h, k, i) && (fault != AGES_SOON || host[h].waits))
#define waited_for(h, k, j) (host[h].kind == k && host[h].waits == (j) + 1)

#define may_age(k, i) \
    (mode != LOCKED && (i) < count[k] && is_open(db.at_(k, i)) && !(old[k] & (1 << (i))) && !alive(0, k, i) && !alive(1, k, i))

#ifdef TRACE
/* A trace tells when so much time has gone by that every attempt whose sender does not wait is old. */
inline age_all() {
    k_ = 0; i_ = 0;
    do
    :: argument && k_ < 2 && i_ < count[k_] ->
        if
        :: may_age(k_, i_) -> old[k_] = old[k_] | (1 << i_); too_late(k_, i_)
        :: else
        fi;
        i_++
    :: argument && k_ < 2 && i_ >= count[k_] -> k_++; i_ = 0
    :: else -> break
    od;
    k_ = 0; i_ = 0
}
#endif

/* A run is seen to begin before it takes the lease, if it does. */
#ifdef TRACE
#define may_begin true
inline begin_leased() { skip }
#else
#define may_begin (mode != LEASED || expired)
inline begin_leased() { take_lease(me); H.term = true; H.holds = true }
#endif

proctype Tick(byte me) provided (!host[me].frozen && !kill[1 - me] && on_its_way) {
    byte now_made, open, found, spare, k;
    mtype end;

    do
    :: atomic {
        /* The lock is free; or a lease that has run out is taken, with a new term. Else the work is left to others. */
        ((mode != LOCKED && fault != SESSION_LOCK) || !lock[1 - me]) && may_begin &&
        !over && (!calm || (me == 0 && ticks)) SHOWN(BEGIN, 0) ->
#ifdef TRACE
        age_all();
#endif
        GO
        if
        :: calm -> ticks--
        :: !calm
        fi;
        H.busy = true;
        SAY("host %d begins a tick\n", me);
        if
        :: mode == LOCKED || fault == SESSION_LOCK -> lock[me] = true
        :: mode == LEASED -> begin_leased()
        :: mode == UNLEASED && fault != SESSION_LOCK
        fi
       };
       {
#ifdef TRACE
        atomic {
            if
            :: mode != LEASED
            :: mode == LEASED && expired && next / 32 == me && next != code_(me, END, 0) ->
                take_lease(me); H.term = true; H.holds = true
            :: mode == LEASED -> goto release       /* it leaves the work to who holds the lease, or has none */
            fi
        };
#endif
        /* The order is all: what the fence compares is read before Discord is listed. */
        atomic {
            if
            :: fault != LISTS_FIRST -> read_ledger()
            :: fault == LISTS_FIRST -> list(ROLE); list(ROOM)
            fi
        };
        atomic {
            if
            :: fault != LISTS_FIRST SHOWN(LIST, ROLE) -> GO list(ROLE); SAY("host %d lists roles\n", me)
            :: fault == LISTS_FIRST
#ifdef TRACE
            :: goto more
#endif
            fi
        };
        atomic {
            if
            :: fault != LISTS_FIRST SHOWN(LIST, ROOM) -> GO list(ROOM); SAY("host %d lists rooms\n", me)
            :: fault == LISTS_FIRST -> read_ledger()
#ifdef TRACE
            :: goto more
#endif
            fi
        };
more:
        do
        :: atomic {
                k < 2 && !(H.blind & (1 << k)) ->
                survey(k);
#ifdef TRACE
                if
                :: skip
                :: !open || dead(k, open - 1) -> goto attempt
                fi;
#endif
                if
                :: now_made && seen(k, thing_of(made_row) - 1) -> clear(); k++; goto more
                :: else
                fi;
                if
                :: now_made -> made_row = row(DELETED, thing_of(made_row))
                :: else
                fi;
                if
                :: found -> note(k, MADE); clear(); k++; goto more
                :: else
                fi;
                if
                :: open && !dead(k, open - 1) -> clear(); goto finish        /* it is left alone */
                :: else
                fi;
attempt:        CLAIM("an attempt is written only by who has listed since it read and since an answer was lost",
                    !(H.blind & (1 << k)));
                overtake(k);
                add_row(k, row(ATTEMPTED, 0));
                H.sends = H.rows[k];
                H.kind = k;
                clear();
                if
                :: fault == SESSION_LOCK && !lock[me] -> no_more(); goto release
                :: fault != SESSION_LOCK || lock[me]
                fi
            };
            /* The write of an attempt is never repeated: it may stand, and age while a connection is sought. */
            transact(end, mode == LOCKED || fault == REPEATS_ATTEMPT);
            /* Before it is sent: is the lease still ours, by a clock that counts a suspension? */
            atomic {
                if
                :: end == broken && fault == SENDS_IN_DOUBT -> end = kept; H.sure = true
                :: else
                fi;
                if
                :: end != kept -> no_more(); goto release
#ifdef TRACE
                :: end == kept -> end = 0; its_row = row(REFUSED, 0); no_more(); goto more
#endif
                :: end == kept && may_send -> end = 0; SAY("host %d looks at its clock\n", me)
                :: end == kept && !may_send -> end = 0; its_row = row(REFUSED, 0); no_more(); goto finish
                fi
            };
again:      atomic {
                true SHOWN(SEND, k) ->
                GO
                BOUND(things[k] < THINGS);
                CLAIM("a create is sent only if its attempt is on disk, and open",
                    H.sends <= count[k] && (state_of(db.at_(k, H.sends - 1)) == ATTEMPTED || H.stale));
                discord[k].at[things[k]] = PENDING;
                discord[k].born[things[k]] = H.sends - 1;
                if
                :: H.stale -> discord[k].late = discord[k].late | (1 << things[k])
                :: !H.stale
                fi;
                things[k] = things[k] + 1;
                H.waits = things[k];
                SAY("host %d sends a create of kind %d\n", me, k);
                claim_one_in_flight(k)
            };
            atomic {
                if
                :: its_thing == THERE || its_thing == GONE ->
                    supersede(k);
                    its_row = row(MADE, H.waits);
                    H.seen[k] = H.seen[k] | (1 << (H.waits - 1));
                    no_more(); SAY("host %d is answered\n", me); k++; goto more
                :: its_thing == PENDING && budget ->
                    SPEND;
                    its_thing = NEVER;
#ifdef TRACE
                    if
                    :: H.waits = 0; goto again                      /* it was asked to wait, and did */
                    :: its_row = row(REFUSED, 0); no_more(); goto more
                    fi;
#endif
                    its_row = row(REFUSED, 0);
                    no_more(); SAY("host %d is refused\n", me); goto finish
                :: budget -> SPEND; no_more(); H.blind = H.blind | (1 << k); SAY("host %d gets no answer\n", me)
                fi
            };
#ifdef TRACE
            if
            :: goto more
            :: skip
            fi;
#endif
            /* The answer was lost: never sent again; what is known goes to disk, and Discord is listed once more. */
            transact(end, true);
            atomic {
                if
                :: end != kept -> goto release
                :: end == kept SHOWN(LIST, k) -> GO end = 0
                fi;
                list(k);
                survey(k);
                if
                :: found -> note(k, MADE); clear(); k++
                :: !found -> clear(); goto finish
                fi
            }
#ifdef TRACE
        /* What people do in the guild, and what else stops a run, brings the same steps in another order. */
        :: atomic { true SHOWN(LIST, ROLE) -> GO list(ROLE) }
        :: atomic { true SHOWN(LIST, ROOM) -> GO list(ROOM) }
        :: atomic { k == ROLE -> k = ROOM } :: atomic { k == ROOM -> k = ROLE }
        :: atomic { k < 2 -> survey(k); found -> note_anyhow(k, MADE); clear() }
        :: atomic { k < 2 -> goto tidy }
        :: atomic { next == code_(me, END, 0) -> goto release }
        :: atomic { goto finish }
        :: atomic { k < 2 -> survey(k); now_made -> made_row = row(SPARE, thing_of(made_row)); clear() }
#endif
        :: atomic { k == 2 -> k = ROLE; break }
        od;
        /* Whatever else of ours is there is spare, and goes. */
tidy:   do
        :: atomic {
            k < 2 ->
            survey(k);
            if
            :: found -> note(k, SPARE); clear()
            :: !found && !spare ->
                write_off(k);
                k++; clear()
            :: !found && spare && !may_send -> clear(); goto finish
            :: !found && spare && may_send ->
                thing_of(spare_row) > 0 SHOWN_OF(DELETE, k, thing_of(spare_row)) ->
                GO
                SAY("host %d deletes a spare of kind %d\n", me, k);
                if
                :: discord[k].at[thing_of(spare_row) - 1] = GONE; spare_row = row(DELETED, thing_of(spare_row))
                :: budget -> SPEND; discord[k].at[thing_of(spare_row) - 1] = GONE      /* no answer: asked again */
                :: budget -> SPEND                                                  /* not done: asked again */
                fi;
                clear()
            fi
           }
#ifdef TRACE
        :: atomic { true SHOWN(LIST, ROLE) -> GO list(ROLE) }
        :: atomic { true SHOWN(LIST, ROOM) -> GO list(ROOM) }
        :: atomic { k == ROLE -> k = ROOM } :: atomic { k == ROOM -> k = ROLE }
        :: atomic { k < 2 -> survey(k); found -> note_anyhow(k, SPARE); clear() }
        :: atomic {
            k < 2 ->
            survey(k); spare && !seen(k, thing_of(spare_row) - 1) -> spare_row = row(DELETED, thing_of(spare_row)); clear()
           }
        :: atomic { k < 2 && write_off_one(k, 0) } :: atomic { k < 2 && write_off_one(k, 1) }
        :: atomic { k < 2 && write_off_one(k, 2) } :: atomic { k < 2 && write_off_one(k, 3) }
        :: atomic { k < 2 && write_off_one(k, 4) } :: atomic { k < 2 && write_off_one(k, 5) }
        :: atomic { goto finish }
        :: atomic { goto more }
#endif
        :: atomic { k == 2 -> break }
        od;
finish:
        transact(end, true);
#ifdef TRACE
        if
        :: atomic { end == kept -> end = 0; goto more }
        :: skip
        fi;
#endif
release:
        atomic {
            if
            :: H.term -> expired = true
            :: !H.term
            fi;
#ifdef TRACE
            H.holds = false; H.term = false
        };
        atomic {
#endif
            true SHOWN(END, 0) -> GO leave()
        }
       } unless {
        atomic { kill[me] SHOWN(KILLED, 0) -> GO leave() }
       }
    :: atomic { over -> break }
    od
}

/* -------------------------------------------------------------------- the world */

#define age(k, i) may_age(k, i) -> old[k] = old[k] | (1 << (i)); too_late(k, i)
#define act(k, j) discord[k].at[j] == PENDING -> discord[k].at[j] = THERE; claim_no_twin(k)
#define drop(k, j) discord[k].at[j] == PENDING && !waited_for(0, k, j) && !waited_for(1, k, j) -> discord[k].at[j] = NEVER
#define killed(h) budget && host[h].busy -> SPEND; host[h].frozen = false; SAY("host %d is killed\n", h); kill[h] = true
#define freeze(h) budget && host[h].busy && !host[h].frozen -> \
    SPEND; host[h].frozen = true; host[h].stale = true; \
    if :: host[h].renewing = host[h].holds :: host[h].renewing = false fi
#define quiet (!host[0].busy && !host[1].busy && !pending(ROLE) && !pending(ROOM))
#define is_pending(k, j) (discord[k].at[j] == PENDING)
#define pending(k) (is_pending(k, 0) || is_pending(k, 1) || is_pending(k, 2) || is_pending(k, 3))

inline claim_converged(k) {
    d_step {
    n_there = 0; i_ = 0; j_ = 0;
    do
    :: j_ < things[k] ->
        if
        :: discord[k].at[j_] == THERE -> n_there++
        :: else
        fi;
        j_++
    :: else -> break
    od;
    CLAIM("two ticks after all that went wrong there is one role and one room", n_there == 1);
    n_there = 0;
    do
    :: i_ < count[k] ->
        CLAIM("then no attempt is open and nothing spare", !is_open(db.at_(k, i_)) && state_of(db.at_(k, i_)) != SPARE);
        if
        :: state_of(db.at_(k, i_)) == MADE -> n_there++; CLAIM("then what the ledger says was made is there", discord[k].at[thing_of(db.at_(k, i_)) - 1] == THERE)
        :: else
        fi;
        i_++
    :: else -> break
    od;
    CLAIM("then the ledger names one role and one room", n_there == 1);
    n_there = 0; i_ = 0; j_ = 0
    }
}

#ifdef TRACE
#define each(do_, k) :: atomic { do_(k, 0) } :: atomic { do_(k, 1) } :: atomic { do_(k, 2) } :: atomic { do_(k, 3) } \
    :: atomic { do_(k, 4) } :: atomic { do_(k, 5) } :: atomic { do_(k, 6) }
#define does(k, j) discord[k].at[j] == PENDING -> discord[k].at[j] = THERE
/* Runs are frozen between the attempt and its create, which is where it matters. */
#define about(h) \
    :: atomic { host[h].busy SHOWN_BY(h, KILLED) -> host[h].frozen = false; kill[h] = true } \
    :: atomic { host[h].busy && Tick[1 + (h)]@again SHOWN_BY(h, FROZEN) -> GO freeze(h) } \
    :: atomic { host[h].frozen SHOWN_BY(h, THAWED) -> GO thaw(h) }

/* The world about runs that are followed. */
proctype World() provided (!kill[0] && !kill[1] && on_its_way) {
    do
    each(does, ROLE) each(does, ROOM)
    :: atomic { mode == LEASED && !expired && !holding(0) && !holding(1) -> expired = true }
    about(0) about(1)
    od
}
#else
proctype World() provided (!kill[0] && !kill[1]) {
    do
    :: atomic { act(ROLE, 0); SAY("Discord makes a role\n") } :: atomic { act(ROLE, 1); SAY("Discord makes a role\n") } :: atomic { act(ROLE, 2); SAY("Discord makes a role\n") } :: atomic { act(ROLE, 3); SAY("Discord makes a role\n") }
    :: atomic { act(ROOM, 0); SAY("Discord makes a room\n") } :: atomic { act(ROOM, 1); SAY("Discord makes a room\n") } :: atomic { act(ROOM, 2); SAY("Discord makes a room\n") } :: atomic { act(ROOM, 3); SAY("Discord makes a room\n") }
    :: atomic { drop(ROLE, 0) } :: atomic { drop(ROLE, 1) } :: atomic { drop(ROLE, 2) } :: atomic { drop(ROLE, 3) }
    :: atomic { drop(ROOM, 0) } :: atomic { drop(ROOM, 1) } :: atomic { drop(ROOM, 2) } :: atomic { drop(ROOM, 3) }
    :: atomic { age(ROLE, 0); SAY("an attempt at a role is old\n") } :: atomic { age(ROLE, 1); SAY("an attempt at a role is old\n") } :: atomic { age(ROLE, 2); SAY("an attempt at a role is old\n") } :: atomic { age(ROLE, 3); SAY("an attempt at a role is old\n") }
    :: atomic { age(ROOM, 0); SAY("an attempt at a room is old\n") } :: atomic { age(ROOM, 1); SAY("an attempt at a room is old\n") } :: atomic { age(ROOM, 2); SAY("an attempt at a room is old\n") } :: atomic { age(ROOM, 3); SAY("an attempt at a room is old\n") }
    :: atomic { killed(0) } :: atomic { killed(1) } :: atomic { freeze(0); SAY("host 0 is frozen\n") } :: atomic { freeze(1); SAY("host 1 is frozen\n") }
    :: atomic { host[0].frozen -> thaw(0); SAY("host 0 goes on\n") } :: atomic { host[1].frozen -> thaw(1); SAY("host 1 goes on\n") }
    :: atomic { mode == LEASED && !expired && !holding(0) && !holding(1) -> expired = true; SAY("the lease runs out\n") }
    :: atomic { fault == SESSION_LOCK && budget && lock[0] -> SPEND; lock[0] = false; SAY("host 0's lock goes\n") }
    :: atomic { fault == SESSION_LOCK && budget && lock[1] -> SPEND; lock[1] = false; SAY("host 1's lock goes\n") }
    :: atomic {
        quiet && !calm -> calm = true; budget = 0; ticks = 2; expired = true; old[ROLE] = 255; old[ROOM] = 255
       }
    :: atomic {
        calm && !ticks && quiet && !over ->
        claim_converged(ROLE);
        claim_converged(ROOM);
        over = true;
        break
       }
    od
}

#endif

init {
    atomic {
        c_code {
            now.mode = setting("MODE");
            now.fault = setting("FAULT");
            now.budget = setting("BUDGET");
        };
#ifdef TRACE
        c_code { load(); came_to(0); };
        c_code { start(); };
#endif
        run Tick(0); run Tick(1); run World()
    }
}
