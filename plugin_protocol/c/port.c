#include "port.h"

#include <stdio.h>

void sc_tell_failed(const sc_port *port, sc_event_kind kind, uint64_t id, const char *code, const char *message)
{
    sc_event event = {.kind = kind, .id = id};
    snprintf(event.failed.code, sizeof event.failed.code, "%s", code);
    snprintf(event.failed.message, sizeof event.failed.message, "%s", message);
    sc_tell(port, &event);
}
