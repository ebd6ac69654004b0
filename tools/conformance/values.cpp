#include "tools/conformance/values.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tools/number.h"

namespace tconv::tools::conformance {
namespace {

// A case with more is a typing error, or wants memory that no test may take.
constexpr std::int64_t kMostElements = std::int64_t{1} << 26;

Type computed_type(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return Type::f16;
    case DType::bf16:
      return Type::bf16;
    case DType::f64:
      return Type::f64;
    case DType::i32:
      return Type::i32;
    default:
      return Type::f32;
  }
}

void write_element(DType dtype, void* array, std::int64_t index, double value) {
  if (is_computed(dtype)) {
    write(computed_type(dtype), array, index, value);
    return;
  }
  const std::size_t size = tconv::bytes(dtype);
  char* at = static_cast<char*>(array) + static_cast<std::size_t>(index) * size;
  if (dtype == DType::c64) {
    const auto real = static_cast<float>(value);
    std::memcpy(at, &real, sizeof real);
  } else if (dtype == DType::c128) {
    std::memcpy(at, &value, sizeof value);
  } else {
    const auto integer = static_cast<std::int64_t>(value);  // little-endian: the low bytes first
    std::memcpy(at, &integer, size);
  }
}

std::int64_t checked_count(const std::vector<std::int64_t>& shape) {
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count || *count > kMostElements)
    throw Damaged(
        fmt::format("a tensor of shape {} is larger than a case may have", tconv::text(shape)));
  return *count;
}

template <class Number>
Value make(DType dtype, const std::vector<std::int64_t>& shape, Number&& number) {
  const std::int64_t count = checked_count(shape);
  const auto memory = std::make_shared<std::vector<char>>(
      std::max<std::size_t>(static_cast<std::size_t>(count) * tconv::bytes(dtype), 1));
  for (std::int64_t x = 0; x < count; ++x) write_element(dtype, memory->data(), x, number(x));
  return Value(TensorView(memory->data(), dtype, Dims(shape)), memory);
}

struct Fill {
  const char* letter;
  std::int64_t a, c, m, o;
};
constexpr Fill kFills[] = {
    {"x", 7, 3, 11, 5},  {"w", 5, 1, 7, 3},   {"b", 1, 0, 5, 2},
    {"xp", 7, 3, 11, 0}, {"wp", 5, 1, 7, -1},
};

Value plain(const Json& json, int depth) {
  if (depth > 64) throw Damaged("an argument is nested deeper than 64 levels");
  switch (json.type()) {
    case Json::value_t::null:
      return nullptr;
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<std::int64_t>();
    case Json::value_t::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return static_cast<std::int64_t>(number);
      return static_cast<double>(number);
    }
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get<std::string>();
    case Json::value_t::array: {
      Value::List list;
      for (const Json& element : json) list.push_back(plain(element, depth + 1));
      return list;
    }
    case Json::value_t::object: {
      Value::Dict dict;
      for (const auto& [key, element] : json.items()) dict[key] = plain(element, depth + 1);
      return dict;
    }
    default:
      throw Damaged("an argument is of no kind that JSON has");
  }
}

}  // namespace

Value tensor(DType dtype, const std::vector<std::int64_t>& shape,
             const std::vector<double>& numbers) {
  if (element_count(shape) != static_cast<std::int64_t>(numbers.size()))
    throw Damaged(
        fmt::format("shape {} does not have {} elements", tconv::text(shape), numbers.size()));
  return make(dtype, shape, [&](std::int64_t x) { return numbers[static_cast<std::size_t>(x)]; });
}

Value filled(DType dtype, const std::vector<std::int64_t>& shape, const std::string& letter) {
  for (const Fill& fill : kFills)
    if (letter == fill.letter)
      return make(dtype, shape, [&](std::int64_t x) {
        return static_cast<double>((x * fill.a + fill.c) % fill.m - fill.o);
      });
  throw Damaged("there is no fill \"" + letter + "\"; there are x w b xp wp");
}

const char* letter_of(const std::string& argument) {
  for (const char* name : {"filters", "filter", "kernel", "weight", "W"})
    if (argument == name) return "w";
  return argument == "bias" || argument == "B" ? "b" : "x";
}

DType dtype_of(const Json& word) {
  const DType dtype = dtype_named(word.get<std::string>());
  if (tconv::bytes(dtype) == 0)
    throw Damaged("there is no type \"" + word.get<std::string>() + "\" that a tensor could have");
  return dtype;
}

std::vector<std::int64_t> shape_of(const Json& list) {
  std::vector<std::int64_t> r;
  if (!list.is_array() || list.size() > Dims::kMost)
    throw Damaged("a shape must be a list of at most 8 sizes");
  for (const Json& size : list) {
    if (!size.is_number_integer() || (size.is_number_unsigned() && size.get<std::uint64_t>() >> 62))
      throw Damaged("a shape must be a list of integers");
    r.push_back(size.get<std::int64_t>());
    if (r.back() < 0) throw Damaged("a shape must not have negative sizes");
  }
  return r;
}

std::vector<double> numbers_of(const Json& list) {
  std::vector<double> r;
  r.reserve(list.size());
  for (const Json& v : list) {
    if (!v.is_string()) {
      r.push_back(v.get<double>());
      continue;
    }
    const auto word = v.get<std::string>();
    if (word == "nan" || word == "NaN")
      r.push_back(std::numeric_limits<double>::quiet_NaN());
    else if (word == "inf" || word == "Infinity")
      r.push_back(std::numeric_limits<double>::infinity());
    else if (word == "-inf" || word == "-Infinity")
      r.push_back(-std::numeric_limits<double>::infinity());
    else
      throw Damaged("\"" + word + "\" is no number");
  }
  return r;
}

Value argument(const Json& json, const std::string& name, DType dtype) {
  if (!json.is_object()) return plain(json, 0);
  if (json.contains("tensor")) {
    const Json& elements = json["tensor"];
    const DType type = json.contains("dtype") ? dtype_of(json["dtype"]) : DType::i32;
    if (!elements.is_array()) return tensor(type, {}, numbers_of(Json::array({elements})));
    std::vector<std::int64_t> shape;
    std::vector<double> numbers;
    if (!elements.empty() && elements[0].is_array()) {  // of rank 2 at most
      shape = {static_cast<std::int64_t>(elements.size()),
               static_cast<std::int64_t>(elements[0].size())};
      for (const Json& row : elements)
        for (const double number : numbers_of(row)) numbers.push_back(number);
    } else {
      shape = {static_cast<std::int64_t>(elements.size())};
      numbers = numbers_of(elements);
    }
    return tensor(type, shape, numbers);
  }
  if (!json.contains("shape")) return plain(json, 0);
  const DType type = json.contains("dtype") ? dtype_of(json["dtype"]) : dtype;
  const std::vector<std::int64_t> shape = shape_of(json["shape"]);
  for (const char* key : {"values", "data"})
    if (json.contains(key)) return tensor(type, shape, numbers_of(json[key]));
  return filled(type, shape, json.value("fill", letter_of(name)));
}

double element(const TensorView& dense, std::int64_t index) {
  if (dense.dtype() == DType::i64)
    return static_cast<double>(static_cast<const std::int64_t*>(dense.data())[index]);
  if (is_computed(dense.dtype())) return read(computed_type(dense.dtype()), dense.data(), index);
  throw Damaged("results are of computed types or int64");
}

}  // namespace tconv::tools::conformance
