using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace SessionLifetime.Entries;

/// <summary>
/// Asks the processor for memory that will be needed shortly. Of a million sessions none is in a cache, and to wait for one after the other
/// is most of what a sweep would do. It has no effect but on time, and none where the processor cannot be asked.
/// </summary>
internal static class ReadAhead
{
    /// <summary>How far ahead of the work: what is asked for has come by then, and has not gone again.</summary>
    public const int Distance = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Of<T>(ref readonly T place)
    {
        if (Sse.IsSupported)
        {
            // The place may move meanwhile: then other memory is fetched, which costs time only.
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in place)));
        }
    }
}
