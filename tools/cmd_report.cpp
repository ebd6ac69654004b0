// report: one page of results that needs nothing beside it (docs/report.md).
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/report_data.h"
#include "tools/report_page.h"
#include "tools/temporary_file.h"

namespace tconv::tools {
namespace {

// Inside <script>: plain ASCII without '<', which in JSON stands only in text.
std::string inside_script(const Json& data) {
  const std::string text = data.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size() + text.size() / 16);
  for (const char c : text) c == '<' ? safe += "\\u003c" : safe += c;
  return safe;
}

// The template, its marks replaced; what is put in is not looked at again.
std::string page_with(const std::string& data) {
  std::string page;
  std::string_view rest = kPageTemplate;
  for (const auto& [mark, text] :
       {std::pair<std::string_view, std::string_view>{"@style@", kPageStyle},
        {"@data@", data},
        {"@script@", kPageScript}}) {
    const std::size_t at = rest.find(mark);
    page.append(rest.substr(0, at)).append(text);
    rest.remove_prefix(at + mark.size());
  }
  return page.append(rest);
}

}  // namespace

int cmd_report(const Command& command) {
  const ReportWishes& wishes = command.report;
  if (std::find(wishes.files.begin(), wishes.files.end(), wishes.page) != wishes.files.end())
    throw UsageError(wishes.page + ": is one of the files that the page is made of");
  const ReportData data = report_data(wishes.files, static_cast<std::size_t>(wishes.code_mb * 1e6));
  const std::string page = page_with(inside_script(data.page));
  TemporaryFile file(wishes.page);
  file.write(page.data(), page.size());
  file.commit();
  JsonReport report("report");
  report.add({{"path", wishes.page},
              {"bytes", page.size()},
              {"layers", data.layers},
              {"peer_layers", data.peers},
              {"texts_cut", data.cut}});
  for (const Json& note : data.page["notes"]) fmt::print(stderr, "{}\n", note.get<std::string>());
  std::string summary =
      fmt::format("report: {}, {:.1f} MB, {} measurement(s), {} layer(s) beside peers", wishes.page,
                  static_cast<double>(page.size()) / 1e6, data.layers, data.peers);
  if (data.cut > 0) summary += fmt::format("; {} text(s) of code are not whole", data.cut);
  finish(report, command.json, summary);
  return kRight;
}

}  // namespace tconv::tools
