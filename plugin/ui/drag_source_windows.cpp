/* A drag on Windows: OLE's DoDragDrop, on a thread of its own that shares the input of the UI thread. Not on the UI thread: it
   lasts as long as the drag, and a target in the same program waits there for what is dropped. It begins once the file is there,
   for targets ask for its name as soon as the pointer is over them. Tried under Wine. */
#include "drag_source.hpp"

#include "file_data_windows.hpp"
#include "security_windows.h"

#include <atomic>

namespace ui {

namespace {

using State = DragSource::State;

/* What both threads know. The one that drags may outlive the window: nobody waits for it. */
struct Drag {
    explicit Drag(DWORD of) : ui_thread(of) {}

    const DWORD ui_thread;
    std::wstring path;
    std::atomic<State> state{State::kNobody};
    std::atomic<bool> cancelled{false};
    std::atomic<DWORD> thread{0}; /* that drags; 0 before it can be told anything */
};

/* Lives on the stack of the thread that drags. */
class Source final : public IDropSource {
public:
    explicit Source(Drag &drag) : drag_(drag) {}
    virtual ~Source() = default;

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID wanted, void **made) override
    {
        *made = IsEqualIID(wanted, IID_IUnknown) || IsEqualIID(wanted, IID_IDropSource) ? this : nullptr;
        return *made ? S_OK : E_NOINTERFACE;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return 1; }
    ULONG STDMETHODCALLTYPE Release() override { return 1; }

    HRESULT STDMETHODCALLTYPE QueryContinueDrag(BOOL escape, DWORD held) override
    {
        if (escape || drag_.cancelled) return DRAGDROP_S_CANCEL;
        if (held & MK_LBUTTON) return S_OK;
        drag_.state = State::kDropping;
        return DRAGDROP_S_DROP;
    }
    HRESULT STDMETHODCALLTYPE GiveFeedback(DWORD effect) override
    {
        drag_.state = effect & DROPEFFECT_COPY ? State::kTaking : State::kNobody;
        return DRAGDROP_S_USEDEFAULTCURSORS;
    }

private:
    Drag &drag_;
};

/* To share a thread's input makes both forget which keys are down, and OLE would take the button to be up. Whether it is down. */
bool press_the_button_again()
{
    BYTE keys[256];
    const int button = GetSystemMetrics(SM_SWAPBUTTON) ? VK_RBUTTON : VK_LBUTTON;
    if (GetAsyncKeyState(button) >= 0 || !GetKeyboardState(keys)) return false;
    keys[VK_LBUTTON] = 0x80;
    return SetKeyboardState(keys);
}

/* To its end. */
State drag_about(Drag &drag)
{
    if (!press_the_button_again()) return State::kTooEarly;
    if (drag.cancelled || FAILED(OleInitialize(nullptr))) return State::kNotTaken;
    Source source(drag);
    IDataObject *data = file_data(drag.path);
    DWORD effect = DROPEFFECT_NONE;
    const bool dropped = data && DoDragDrop(data, &source, DROPEFFECT_COPY, &effect) == DRAGDROP_S_DROP && effect != DROPEFFECT_NONE;
    if (data) data->Release();
    OleUninitialize();
    return dropped ? State::kTaken : State::kNotTaken;
}

void run(Drag &drag)
{
    MSG message;
    PeekMessageW(&message, nullptr, WM_USER, WM_USER, PM_NOREMOVE); /* from here on it has a queue */
    const DWORD own = GetCurrentThreadId();
    drag.thread = own;
    const bool attached = AttachThreadInput(own, drag.ui_thread, TRUE); /* or the pointer would be the window's alone */
    const State end = drag_about(drag);
    if (attached) AttachThreadInput(own, drag.ui_thread, FALSE);
    drag.state = end;
}

DWORD WINAPI run_and_leave(void *given)
{
    HMODULE own = nullptr; /* the plugin stays loaded until the last line */
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       reinterpret_cast<const wchar_t *>(&run_and_leave), &own);
    {
        const std::unique_ptr<std::shared_ptr<Drag>> drag(static_cast<std::shared_ptr<Drag> *>(given));
        run(**drag);
    }
    FreeLibraryAndExitThread(own, 0);
}

class DragSourceWindows final : public DragSource {
public:
    explicit DragSourceWindows(DWORD ui_thread) : drag_(std::make_shared<Drag>(ui_thread)) {}
    ~DragSourceWindows() override { cancel(); }

    void move(int, int, uint32_t) override {} /* OLE follows the pointer itself */
    void drop(int, int, uint32_t) override
    {
        if (!begun_) end(State::kTooEarly);
        else press_key(WM_KEYUP, VK_SHIFT);
    }
    void cancel() override
    {
        if (!begun_) end(State::kNotTaken);
        else let_go();
    }
    void offer(const std::string &path) override
    {
        wchar_t wide[SC_WIDE_UNITS];
        if (drag_->state != State::kNobody || begun_) return;
        if (!sc_wide(path.c_str(), wide, SC_WIDE_UNITS)) return end(State::kNotTaken);
        drag_->path = wide;
        GetAsyncKeyState(VK_ESCAPE); /* it also tells of a press since it was asked last */
        begun_ = start();
        if (!begun_) end(State::kNotTaken);
    }
    void withdraw() override { cancel(); }
    /* Esc is heard by whoever has the keyboard, which may be any window of the host's. */
    State state() const override
    {
        if (begun_ && GetAsyncKeyState(VK_ESCAPE)) let_go();
        return drag_->state;
    }

private:
    void end(State how)
    {
        if (drag_->state == State::kNobody) drag_->state = how;
    }

    bool start()
    {
        HMODULE held = nullptr;
        if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<const wchar_t *>(&run_and_leave), &held)) return false;
        auto *given = new std::shared_ptr<Drag>(drag_);
        const HANDLE thread = CreateThread(nullptr, 0, run_and_leave, given, 0, nullptr);
        if (thread) return CloseHandle(thread);
        delete given;
        FreeLibrary(held);
        return false;
    }

    void let_go() const
    {
        drag_->cancelled = true;
        press_key(WM_KEYDOWN, VK_ESCAPE);
    }

    /* It has OLE look at the button, and ask its source. */
    void press_key(UINT what, WPARAM key) const
    {
        if (const DWORD thread = drag_->thread) PostThreadMessageW(thread, what, key, 0);
    }

    const std::shared_ptr<Drag> drag_;
    bool begun_ = false; /* there is, or was, a thread */
};

} // namespace

std::unique_ptr<DragSource> DragSource::begin(uintptr_t window, uint32_t)
{
    const DWORD ui_thread = GetWindowThreadProcessId(reinterpret_cast<HWND>(window), nullptr);
    return ui_thread ? std::make_unique<DragSourceWindows>(ui_thread) : nullptr;
}

} // namespace ui
