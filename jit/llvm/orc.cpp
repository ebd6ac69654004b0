#include "jit/llvm/orc.h"

#include <llvm/ExecutionEngine/JITLink/EHFrameSupport.h>
#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>

#include <algorithm>
#include <map>
#include <new>

namespace tconv::jit::llvm_part {
namespace {

namespace orc = llvm::orc;
namespace jitlink = llvm::jitlink;

struct Place {
  std::uintptr_t begin = 0, end = 0;
};

// Where the linker put code and constants: the span of both and of every function.
class Places final : public orc::ObjectLinkingLayer::Plugin {
 public:
  void modifyPassConfig(orc::MaterializationResponsibility&, jitlink::LinkGraph&,
                        jitlink::PassConfiguration& passes) override {
    passes.PostFixupPasses.emplace_back([this](jitlink::LinkGraph& graph) {
      note(graph);
      return llvm::Error::success();
    });
  }
  llvm::Error notifyFailed(orc::MaterializationResponsibility&) override {
    return llvm::Error::success();
  }
  llvm::Error notifyRemovingResources(orc::JITDylib&, orc::ResourceKey) override {
    return llvm::Error::success();
  }
  void notifyTransferringResources(orc::JITDylib&, orc::ResourceKey, orc::ResourceKey) override {}

  Place all;
  std::map<std::string, Place> functions;

 private:
  void note(jitlink::LinkGraph& graph) {
    for (jitlink::Section& section : graph.sections()) {
      if (section.getName() == ".eh_frame" || section.empty()) continue;
      const jitlink::SectionRange range(section);
      const Place at{range.getStart().getValue(), range.getEnd().getValue()};
      all = all.end == 0 ? at : Place{std::min(all.begin, at.begin), std::max(all.end, at.end)};
    }
    for (jitlink::Symbol* symbol : graph.defined_symbols())
      if (symbol->hasName())
        functions[symbol->getName().str()] = {symbol->getAddress().getValue(),
                                              symbol->getAddress().getValue() + symbol->getSize()};
  }
};

// Of an error: its text, and whether the system refused something.
struct Reason {
  std::string text;
  bool refused = false, memory = false;
  void add(llvm::Error error) {
    llvm::handleAllErrors(
        std::move(error),
        [this](const llvm::ECError& e) {
          const std::error_code code = e.convertToErrorCode();
          refused |=
              code == std::errc::permission_denied || code == std::errc::operation_not_permitted;
          memory |= code == std::errc::not_enough_memory;
          append(e.message());
        },
        [this](const llvm::ErrorInfoBase& e) { append(e.message()); });
  }

 private:
  void append(const std::string& more) { text += (text.empty() ? "" : "; ") + more; }
};

[[noreturn]] void refuse(const Reason& reason) {
  if (reason.memory) throw std::bad_alloc();
  if (reason.refused) throw ExecutableMemoryRefused("mprotect: " + reason.text);
  throw CompileError("LLVM could not link: " + reason.text);
}

// A session of its own: nothing is shared with other threads' compilations, and the child of a fork
// finds no lock that another thread holds.
class LlvmProgram final : public CompiledProgram {
 public:
  LlvmProgram(llvm::SmallVector<char, 0> object,
              const std::vector<std::vector<std::string>>& kernels)
      : session_(std::make_unique<orc::UnsupportedExecutorProcessControl>()),
        memory_(llvm::cantFail(jitlink::InProcessMemoryManager::Create())),
        layer_(std::in_place, session_, *memory_) {
    Reason reason;
    session_.setErrorReporter([&reason](llvm::Error error) { reason.add(std::move(error)); });
    try {
      load(std::move(object), kernels, reason);
    } catch (...) {
      end();
      throw;
    }
    session_.setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
  }
  ~LlvmProgram() override { end(); }

 private:
  void load(llvm::SmallVector<char, 0> object, const std::vector<std::vector<std::string>>& kernels,
            Reason& reason) {
    const auto places = std::make_shared<Places>();
    layer_->addPlugin(places);
    layer_->addPlugin(std::make_shared<orc::EHFrameRegistrationPlugin>(
        session_, std::make_unique<jitlink::InProcessEHFrameRegistrar>()));
    orc::JITDylib& library = session_.createBareJITDylib("tconv");
    orc::SymbolLookupSet names;
    for (const auto& stage : kernels)
      for (const std::string& name : stage) names.add(session_.intern(name));
    if (!names.empty()) {
      if (auto error = layer_->add(library, std::make_unique<llvm::SmallVectorMemoryBuffer>(
                                                std::move(object), "tconv", false))) {
        reason.add(std::move(error));
        refuse(reason);
      }
      auto found = session_.lookup(orc::makeJITDylibSearchOrder(&library), std::move(names));
      if (!found) {
        // What the session reported is the cause, this only says that there was one.
        if (reason.text.empty()) {
          reason.add(found.takeError());
        } else {
          llvm::consumeError(found.takeError());
        }
        refuse(reason);
      }
    }
    const auto address = [](std::uintptr_t at) {
      return reinterpret_cast<const std::byte*>(at);  // NOLINT: where the linker put it
    };
    code_ = {address(places->all.begin), address(places->all.end)};
    for (const auto& stage : kernels) {
      std::vector<KernelCode>& list = stages_.emplace_back();
      for (const std::string& name : stage) {
        const Place at = places->functions.at(name);
        list.push_back({name, reinterpret_cast<ir::KernelFn>(at.begin),  // NOLINT
                        at.begin - places->all.begin, at.end - at.begin});
      }
    }
  }

  void end() {
    if (auto error = session_.endSession()) llvm::consumeError(std::move(error));
    layer_.reset();
  }

  orc::ExecutionSession session_;
  std::unique_ptr<jitlink::JITLinkMemoryManager> memory_;
  std::optional<orc::ObjectLinkingLayer> layer_;
};

}  // namespace

std::shared_ptr<const CompiledProgram> load_object(
    llvm::SmallVector<char, 0> object, const std::vector<std::vector<std::string>>& kernels) {
  return std::make_shared<LlvmProgram>(std::move(object), kernels);
}

}  // namespace tconv::jit::llvm_part
