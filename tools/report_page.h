// The parts of the page of `tconv report`, from tools/report/ (built in by embed.cmake).
#pragma once

#include <string_view>

namespace tconv::tools {

extern const std::string_view kPageTemplate;  // @style@ @data@ @script@ in this order, once each
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace tconv::tools
