using System.Globalization;

namespace TorchSharp;

/// <summary>Kinds of devices; the numbers are libtorch's.</summary>
public enum DeviceType
{
    CPU = 0,
    CUDA = 1,
}

public static partial class torch
{
    /// <summary>The CPU.</summary>
    public static readonly Device CPU = new(DeviceType.CPU);

    /// <summary>The first CUDA device.</summary>
    public static Device CUDA { get; } = new(DeviceType.CUDA, 0);

    /// <summary>Where a tensor lives.</summary>
    public class Device
    {
        /// <summary>Parses <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
        /// <exception cref="ArgumentException">The description names no device.</exception>
        public Device(string description)
        {
            var parts = description.Split(':');
            type = parts[0].ToUpperInvariant() switch
            {
                "CPU" => DeviceType.CPU,
                "CUDA" => DeviceType.CUDA,
                _ => throw new ArgumentException($"Unknown device '{description}': use cpu, cuda or cuda:N"),
            };
            if (parts.Length > 2)
                throw new ArgumentException($"Unknown device '{description}': use cpu, cuda or cuda:N");
            index = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : Default(type);
        }

        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index < 0 ? Default(deviceType) : index;
        }

        public DeviceType type { get; }

        /// <summary>Which device of its kind; -1 for the CPU.</summary>
        public int index { get; }

        public static implicit operator Device(string description) => new(description);

        public override string ToString() =>
            type == DeviceType.CPU ? "cpu" : $"cuda:{index.ToString(CultureInfo.InvariantCulture)}";

        private static int Default(DeviceType type) => type == DeviceType.CPU ? -1 : 0;
    }

    public static Device device(string description) => new(description);

    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);
}
