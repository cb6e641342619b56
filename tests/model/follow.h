/* The trace of real runs that the model is to follow: part of the search that `protocol.pml` becomes with -DTRACE.
 *
 * The file that TRACE names holds numbers: the ledger's rows and the things at the beginning; how many events; and of
 * each its code, its argument, and the ledger's rows as they were found on the disk just then.
 */

#include <stdio.h>
#include <stdlib.h>

#define MOST_ROWS 8

typedef struct { int count[2]; int at[2][MOST_ROWS]; } Disk;
typedef struct { int code, argument; Disk disk; } Event;
typedef struct { Disk disk; int things[2], there[2]; int length, best; Event *events; } Trace;

static Trace followed = {.best = -1};

static int number(FILE *file) {
    int value = 0;
    if (fscanf(file, "%d", &value) != 1) { fprintf(stderr, "the traces end too early\n"); exit(3); }
    return value;
}

static void read_disk(FILE *file, Disk *disk) {
    for (int kind = 0; kind < 2; kind++) {
        disk->count[kind] = number(file);
        for (int i = 0; i < disk->count[kind]; i++) disk->at[kind][i] = number(file);
    }
}

static void load(void) {
    FILE *file = fopen(getenv("TRACE"), "r");
    if (!file || followed.events) return;
    read_disk(file, &followed.disk);
    for (int kind = 0; kind < 2; kind++) { followed.things[kind] = number(file); followed.there[kind] = number(file); }
    followed.length = number(file);
    followed.events = calloc(followed.length + 1, sizeof(Event));
    for (int n = 0; n < followed.length; n++) {
        followed.events[n].code = number(file);
        followed.events[n].argument = number(file);
        read_disk(file, &followed.events[n].disk);
    }
    fclose(file);
}

/* Tell how far the trace was followed; one way to its end is enough. */
static void came_to(int n) {
    if (n <= followed.best) return;
    followed.best = n;
    printf("followed: %d\n", n);
    if (n == followed.length) exit(0);
}
