/* file_data_windows.hpp. It knows one format and gives it to whoever asks, as often as asked. Tried under Wine. */
#include "file_data_windows.hpp"

#include <atomic>
#include <cstring>
#include <new>

#include <shlobj.h>

namespace ui {

namespace {

const FORMATETC kFormat = {CF_HDROP, nullptr, DVASPECT_CONTENT, -1, TYMED_HGLOBAL};

class FileData final : public IDataObject {
public:
    explicit FileData(const std::wstring &path) : path_(path) {}
    FileData(const FileData &) = delete;
    FileData &operator=(const FileData &) = delete;

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID wanted, void **made) override
    {
        const bool ours = IsEqualIID(wanted, IID_IUnknown) || IsEqualIID(wanted, IID_IDataObject);
        *made = ours ? this : nullptr;
        if (ours) AddRef();
        return ours ? S_OK : E_NOINTERFACE;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return ++held_; }
    ULONG STDMETHODCALLTYPE Release() override
    {
        const ULONG left = --held_;
        if (left == 0) delete this;
        return left;
    }

    HRESULT STDMETHODCALLTYPE QueryGetData(FORMATETC *wanted) override
    {
        if (wanted->cfFormat != kFormat.cfFormat || wanted->dwAspect != kFormat.dwAspect) return DV_E_FORMATETC;
        return wanted->tymed & kFormat.tymed ? S_OK : DV_E_TYMED;
    }

    HRESULT STDMETHODCALLTYPE GetData(FORMATETC *wanted, STGMEDIUM *given) override
    {
        const HRESULT known = QueryGetData(wanted);
        if (known != S_OK) return known;
        const size_t bytes = (path_.size() + 2) * sizeof(wchar_t); /* the list of paths ends with an empty one */
        const HGLOBAL block = GlobalAlloc(GMEM_MOVEABLE | GMEM_ZEROINIT, sizeof(DROPFILES) + bytes);
        auto *head = block ? static_cast<DROPFILES *>(GlobalLock(block)) : nullptr;
        if (!head) {
            if (block) GlobalFree(block);
            return E_OUTOFMEMORY;
        }
        head->pFiles = sizeof(DROPFILES);
        head->fWide = TRUE;
        std::memcpy(head + 1, path_.data(), path_.size() * sizeof(wchar_t));
        GlobalUnlock(block);
        *given = {};
        given->tymed = TYMED_HGLOBAL;
        given->hGlobal = block;
        return S_OK;
    }

    HRESULT STDMETHODCALLTYPE EnumFormatEtc(DWORD direction, IEnumFORMATETC **made) override
    {
        *made = nullptr;
        return direction == DATADIR_GET ? SHCreateStdEnumFmtEtc(1, &kFormat, made) : E_NOTIMPL;
    }

    HRESULT STDMETHODCALLTYPE GetCanonicalFormatEtc(FORMATETC *, FORMATETC *same) override
    {
        same->ptd = nullptr;
        return E_NOTIMPL;
    }
    HRESULT STDMETHODCALLTYPE GetDataHere(FORMATETC *, STGMEDIUM *) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE SetData(FORMATETC *, STGMEDIUM *, BOOL) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE DAdvise(FORMATETC *, DWORD, IAdviseSink *, DWORD *) override { return OLE_E_ADVISENOTSUPPORTED; }
    HRESULT STDMETHODCALLTYPE DUnadvise(DWORD) override { return OLE_E_ADVISENOTSUPPORTED; }
    HRESULT STDMETHODCALLTYPE EnumDAdvise(IEnumSTATDATA **) override { return OLE_E_ADVISENOTSUPPORTED; }

private:
    virtual ~FileData() = default; /* by Release alone */

    const std::wstring path_;
    std::atomic<ULONG> held_{1};
};

} // namespace

IDataObject *file_data(const std::wstring &path) { return new (std::nothrow) FileData(path); }

} // namespace ui
