// Converts kernels to the function pointers of XNNPACK's configurations.
#pragma once

#include <type_traits>

namespace teachable {

namespace kernel_pointer {

template <typename Wanted, typename Given>
inline constexpr bool kSameArgument = std::is_same_v<Wanted, Given>;

/// True if the two pointer types are compatible. One may be `void*`. XNNPACK's configurations may
/// name a union of parameters where a kernel names its own parameters. The number of indirections
/// and constness must be equal.
template <typename Wanted, typename Given>
inline constexpr bool kSameArgument<Wanted*, Given*> =
    std::is_const_v<Wanted> == std::is_const_v<Given> &&
    (std::is_void_v<Wanted>  ? !std::is_pointer_v<Given>
     : std::is_void_v<Given> ? !std::is_pointer_v<Wanted>
     : std::is_pointer_v<Wanted> || std::is_pointer_v<Given>
         ? kSameArgument<Wanted, Given>
         : std::is_same_v<std::remove_const_t<Wanted>, std::remove_const_t<Given>> ||
               (std::is_union_v<Wanted> && (std::is_union_v<Given> || std::is_class_v<Given>)));

template <typename Wanted, typename Given>
inline constexpr bool kSameCall = false;

template <typename Result, typename... Wanted, typename... Given>
  requires(sizeof...(Wanted) == sizeof...(Given))
inline constexpr bool kSameCall<Result (*)(Wanted...), Result (*)(Given...)> =
    (kSameArgument<Wanted, Given> && ...);

}  // namespace kernel_pointer

/// Converts a kernel to the function pointer type of the field that it is assigned to.
/// The two signatures may differ only in the types that pointers point to. A changed signature in
/// XNNPACK is therefore a compile error.
template <typename Function>
class Kernel {
 public:
  explicit constexpr Kernel(Function* function) : function_(function) {}

  template <typename Wanted>
    requires kernel_pointer::kSameCall<Wanted, Function*>
  operator Wanted() const {
    return reinterpret_cast<Wanted>(function_);
  }

 private:
  Function* function_;
};

}  // namespace teachable
