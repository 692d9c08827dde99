#include "local.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "descriptor.h"

namespace ipvs {
namespace {

struct FolderCloser {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

// errno, 0: read. One read() gives the whole of a sysctl.
int read_value(int folder, const char* name, Sysctl& sysctl) {
  const Descriptor file(::openat(folder, name, O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return errno;
  const ssize_t length = ::read(file.get(), sysctl.value.data(), sysctl.value.size());
  if (length < 0) return errno;
  const auto size = static_cast<size_t>(length);
  if (size == sysctl.value.size() || std::strlen(name) >= sysctl.name.size()) return EMSGSIZE;
  sysctl.value[size > 0 && sysctl.value[size - 1] == '\n' ? size - 1 : size] = '\0';
  std::strcpy(sysctl.name.data(), name);
  return 0;
}

Answer failed(int error) {
  Answer answer;
  answer.error = error;
  return answer;
}

// /proc/sys/net is that of the task that looks a file up, hence here. Linux before 6.12 shows an empty folder in a
// namespace that a user namespace owns.
Answer read_sysctls() {
  Answer answer;
  const std::unique_ptr<DIR, FolderCloser> folder(::opendir("/proc/sys/net/ipv4/vs"));
  if (!folder) return failed(errno);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) return errno == 0 ? answer : failed(errno);
    if (entry->d_name[0] == '.') continue;
    Sysctl sysctl{};
    const int error = read_value(::dirfd(folder.get()), entry->d_name, sysctl);
    // The kernel refuses a write-only one to root, too (net.ipv4.route.flush is such): the others are still of use.
    if (error == EACCES || error == EPERM) continue;
    if (error != 0) return failed(error);
    answer.add(kSysctl, sysctl);
  }
}

// Not gettid(): this /proc may number the threads of another PID namespace than the process's (nsenter --pid).
Answer tell_thread() {
  std::array<char, 64> path{};  // "PID/task/TID"
  if (::readlink("/proc/thread-self", path.data(), path.size() - 1) < 0) return failed(errno);
  Thread thread{};
  if (std::sscanf(path.data(), "%*u/task/%u", &thread.id) != 1) return failed(EPROTO);
  Answer answer;
  answer.add(kThread, thread);
  return answer;
}

}  // namespace

bool is_local(const Request& request) { return request.command >= kReadSysctls; }

Answer answer_locally(const Request& request) {
  switch (request.command) {
    case kReadSysctls:
      return read_sysctls();
    case kTellThread:
      return tell_thread();
    default:
      return failed(EOPNOTSUPP);
  }
}

}  // namespace ipvs
