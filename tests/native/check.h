/* The smallest test frame: CHECK stops the program with file, line and expression. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

#define CHECK_EQUAL(found, wanted)                                                                                \
    do {                                                                                                          \
        const long long found_ = (long long)(found), wanted_ = (long long)(wanted);                               \
        if (found_ != wanted_) {                                                                                  \
            fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #found, found_, wanted_);        \
            exit(1);                                                                                              \
        }                                                                                                         \
    } while (0)

#define RUN(test)                \
    do {                         \
        test();                  \
        printf("%s\n", #test);   \
    } while (0)

#endif
