#include "runtime/frontends/onnx_part/attributes.h"

#include <set>

#include "runtime/frontends/onnx_part/reject.h"

namespace tconv::frontends {
namespace {

using Type = ::onnx::AttributeProto;

void check_type(const Type& attribute, ::onnx::AttributeProto_AttributeType wanted) {
  // Files from before the type field have UNDEFINED.
  if (attribute.type() == wanted || attribute.type() == Type::UNDEFINED) return;
  throw OnnxReject("attribute " + attribute.name() + ": its type is " +
                   ::onnx::AttributeProto_AttributeType_Name(attribute.type()) +
                   "; ConvTranspose has " + ::onnx::AttributeProto_AttributeType_Name(wanted));
}

std::vector<std::int64_t> integers(const Type& attribute) {
  check_type(attribute, Type::INTS);
  return {attribute.ints().begin(), attribute.ints().end()};
}

}  // namespace

onnx::ConvTransposeAttributes attributes_of(const ::onnx::NodeProto& node) {
  onnx::ConvTransposeAttributes out;
  std::set<std::string> given;
  for (const Type& attribute : node.attribute()) {
    const std::string& name = attribute.name();
    if (!given.insert(name).second)
      throw OnnxReject("attribute " + in_quotes(name) + " is given twice");
    if (!attribute.ref_attr_name().empty())
      throw OnnxReject("attribute " + in_quotes(name) +
                       " refers to an attribute of a function; the node of a graph has values");
    if (name == "auto_pad") {
      check_type(attribute, Type::STRING);
      out.auto_pad = attribute.s();
    } else if (name == "group") {
      check_type(attribute, Type::INT);
      out.group = attribute.i();
    } else if (name == "strides") {
      out.strides = integers(attribute);
    } else if (name == "dilations") {
      out.dilations = integers(attribute);
    } else if (name == "pads") {
      out.pads = integers(attribute);
    } else if (name == "output_padding") {
      out.output_padding = integers(attribute);
    } else if (name == "output_shape") {
      out.output_shape = integers(attribute);
    } else if (name == "kernel_shape") {
      out.kernel_shape = integers(attribute);
    } else {
      throw OnnxReject("ConvTranspose has no attribute " + in_quotes(name) +
                       "; it has auto_pad dilations group kernel_shape output_padding output_shape "
                       "pads strides");
    }
  }
  return out;
}

}  // namespace tconv::frontends
