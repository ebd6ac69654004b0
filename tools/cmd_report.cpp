#include "tools/command.h"
namespace tconv::tools {
int cmd_report(const Command&) { throw UsageError("not yet"); }
}
