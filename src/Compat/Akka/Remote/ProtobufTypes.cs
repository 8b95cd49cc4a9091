using System.Collections.Concurrent;
using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Akka.Remote;

/// <summary>Finds the parser of a protobuf message by its full name among the assemblies that are loaded.</summary>
internal static class ProtobufTypes
{
    private static readonly ConcurrentDictionary<string, MessageParser> s_parsers = new();
    private static readonly HashSet<Assembly> s_scanned = [];

    /// <summary>Null if no loaded assembly has the message.</summary>
    internal static MessageParser Find(string fullName)
    {
        if (s_parsers.TryGetValue(fullName, out var parser)) return parser;
        ScanNewAssemblies();
        return s_parsers.GetValueOrDefault(fullName);
    }

    private static void ScanNewAssemblies()
    {
        lock (s_scanned)
        {
            foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
            {
                if (assembly.IsDynamic || !s_scanned.Add(assembly)) continue;
                foreach (var type in TypesOf(assembly))
                {
                    if (!typeof(IMessage).IsAssignableFrom(type) || type.IsAbstract || type.IsGenericTypeDefinition) continue;
                    if (type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) is MessageDescriptor { Parser: { } found } descriptor)
                        s_parsers.TryAdd(descriptor.FullName, found);
                }
            }
        }
    }

    private static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            return e.Types.Where(t => t is not null);
        }
    }
}
