using System.Runtime.InteropServices;

namespace SessionLifetime.Sessions;

/// <summary>Something that is disposed with its session.</summary>
/// <param name="Age">Its number in the order in which things came; the highest is disposed first.</param>
/// <param name="Object">The object.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct OwnedObject(long Age, object Object);
