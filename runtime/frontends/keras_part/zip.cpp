#include "runtime/frontends/keras_part/zip.h"

#include <zip.h>

#include <memory>
#include <set>

namespace tconv::frontends {
namespace {

std::string words_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string words = zip_error_strerror(&error);
  zip_error_fini(&error);
  return words;
}

// Deflate makes 1032 bytes of one at most: a member that claims more is damaged, or a bomb.
constexpr std::uint64_t kMostRatio = 1032;

std::string read_member(zip_t* archive, zip_uint64_t index, ZipContents& out) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
  if (zip_stat_index(archive, index, 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded)
    return "a member has no sizes";
  const std::string name = stat.name;
  if (stat.size > stat.comp_size * kMostRatio + 64)
    return name + " claims " + std::to_string(stat.size) + " bytes in " +
           std::to_string(stat.comp_size);
  zip_file_t* const file = zip_fopen_index(archive, index, 0);
  if (file == nullptr) return name + ": " + zip_strerror(archive);
  std::string bytes(stat.size, '\0');
  const zip_int64_t got = zip_fread(file, bytes.data(), stat.size);
  // One byte more: only at the end the check sum is compared.
  char beyond = 0;
  const zip_int64_t rest = got < 0 ? -1 : zip_fread(file, &beyond, 1);
  const std::string why = got < 0 || rest < 0 ? zip_file_strerror(file) : "";
  zip_fclose(file);
  if (!why.empty()) return name + ": " + why;
  if (got != static_cast<zip_int64_t>(stat.size) || rest != 0)
    return name + " has another length than it claims";
  out.members.emplace_back(name, std::move(bytes));
  return "";
}

}  // namespace

ZipContents read_zip(const std::string& path) {
  ZipContents out;
  int code = 0;
  zip_t* const archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (archive == nullptr) {
    out.error = words_of(code);
    return out;
  }
  const zip_int64_t count = zip_get_num_entries(archive, 0);
  std::set<std::string> seen;
  for (zip_int64_t i = 0; i < count && out.error.empty(); ++i) {
    out.error = read_member(archive, static_cast<zip_uint64_t>(i), out);
    if (out.error.empty() && !seen.insert(out.members.back().first).second)
      out.error = out.members.back().first + " is there twice";
  }
  zip_discard(archive);
  return out;
}

// Into a file beside it that then takes its name: a write that fails leaves the old file.
std::string write_zip(const std::string& path, const ZipContents& contents, bool deflated) {
  int code = 0;
  zip_t* const archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) return words_of(code);
  for (const auto& [name, bytes] : contents.members) {
    zip_source_t* const source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0 ||
        zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                                 deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) != 0) {
      const std::string why = zip_strerror(archive);
      if (index < 0 && source != nullptr) zip_source_free(source);
      zip_discard(archive);
      return why;
    }
  }
  if (zip_close(archive) == 0) return "";
  const std::string why = zip_strerror(archive);
  zip_discard(archive);
  return why;
}

}  // namespace tconv::frontends
