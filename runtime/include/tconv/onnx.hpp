// ONNX' ConvTranspose (operator versions 1, 11 and 22): its attributes, the operator as a function,
// and nodes of .onnx files. X is [N, C, D1..Dn] and W [C, M/group, k1..kn] with n = 1, 2 or 3, B is
// [M], the result [N, M, O1..On]:
//
//   no output_shape: O = s*(I-1) + output_padding + (k-1)*d + 1 - pads_begin - pads_end
//   auto_pad SAME_*: O = min(I*s, s*(I-1) + output_padding + (k-1)*d + 1)   (as onnxruntime)
//   output_shape   : O as given, at most s-1 beyond the natural length; pads are ignored
//
// With SAME_* and output_shape the surplus is split in halves; of an odd one the larger half is cut
// off at the end for SAME_UPPER and at the beginning otherwise, NOTSET included.
//
// Everything throws FrontError (call.hpp) with the name of the input or attribute at fault, before
// an element is read. All functions may be called from many threads at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tconv/call.hpp"
#include "tconv/packed_filters.hpp"
#include "tconv/tconv.hpp"
#include "tconv/tensor.hpp"

namespace tconv::onnx {

// The operator's own defaults. What is absent is not the same as an empty list, which has the wrong
// length.
struct ConvTransposeAttributes {
  std::string auto_pad = "NOTSET";  // NOTSET SAME_UPPER SAME_LOWER VALID
  std::int64_t group = 1;
  // n numbers each, pads 2n: all beginnings, then all ends.
  std::optional<std::vector<std::int64_t>> strides, dilations, pads, output_padding, output_shape,
      kernel_shape;
  // Not an attribute: the version of the operator set that the model imports. bfloat16 came
  // with 22.
  std::int64_t opset = 11;
};

// X, W and B (an empty view: none) of one type: float16, float32, float64, from opset 22 bfloat16.
// An empty X (N, C or an axis of 0) gives the bias. The operation comes out of the kernel cache.
TCONV_API OwnedTensor conv_transpose(const TensorView& X, const TensorView& W,
                                     const TensorView& B = {},
                                     const ConvTransposeAttributes& attributes = {},
                                     const Options& options = {});

// With W packed once (packed_filters.hpp): later calls with these shapes cost the kernel.
TCONV_API OwnedTensor conv_transpose(const TensorView& X, const PackedFilters& W,
                                     const TensorView& B = {},
                                     const ConvTransposeAttributes& attributes = {},
                                     const Options& options = {});

// The problem line (docs/problem.md) of the same call. Only types and shapes are looked at.
TCONV_API std::string problem_line(const TensorView& X, const TensorView& W, const TensorView& B,
                                   const ConvTransposeAttributes& attributes = {});

// A ConvTranspose node of a model.
struct Node {
  std::string name;  // the node's, or its output's where it has none
  ConvTransposeAttributes attributes;
  std::string X, W, B, Y;  // names of values; B is empty where the node has none
  // W and B where the model holds them (an initializer, in the file or beside it, or a Constant);
  // without value where they come from outside or from other nodes.
  OwnedTensor weight, bias;
};

// Reads the node of that name, or the only ConvTranspose where `node` is empty. Needs the part
// libtconv_onnx.so and with it Debian's libonnx and libprotobuf: Error (unsupported) where they are
// missing. FrontError with the argument "model" for a file that is missing, damaged or does not add
// up, "node" for a name that no ConvTranspose of the main graph has (what() lists those that there
// are).
TCONV_API Node read_node(const std::string& model, const std::string& node = {});

}  // namespace tconv::onnx
