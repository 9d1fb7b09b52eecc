using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SessionLifetime.Ids;

/// <summary>Random bits from the system's cryptographic generator.</summary>
/// <remarks>Each thread fills a buffer at once, because a call of the generator costs more than the bits. A word is cleared when it is taken.</remarks>
internal static class RandomBits
{
    private const int BufferLength = 64;

    [ThreadStatic]
    private static ulong[]? t_buffer;

    [ThreadStatic]
    private static int t_left;

    /// <summary>64 bits.</summary>
    public static ulong Next64()
    {
        var buffer = t_buffer ??= new ulong[BufferLength];
        if (t_left == 0)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(buffer.AsSpan()));
            t_left = BufferLength;
        }

        ref var word = ref buffer[--t_left];
        var random = word;
        word = 0;
        return random;
    }

    /// <summary>128 bits.</summary>
    public static (ulong High, ulong Low) Next128() => (Next64(), Next64());
}
