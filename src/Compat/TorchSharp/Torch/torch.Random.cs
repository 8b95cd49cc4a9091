using TorchSharp.Native;

namespace TorchSharp;

public static unsafe partial class torch
{
    // Random tensors. Without a generator they draw from the CPU's default one, which manual_seed sets.

    public static Tensor rand(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        rand(size.AsSpan(), dtype, device, requires_grad, generator);

    public static Tensor rand(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null)
    {
        var at = device ?? CPU;
        fixed (long* s = size)
            return Tensor.Wrap(NativeMethods.ct_rand(s, size.Length, generator?.Handle ?? 0, (int)(dtype ?? _defaultDtype), (int)at.type, at.index, Tensor.Flag(requires_grad)), generator);
    }

    public static Tensor rand(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        rand([size], dtype, device, requires_grad, generator);

    public static Tensor rand(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        rand([rows, columns], dtype, device, requires_grad, generator);

    public static Tensor rand(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        rand([dim0, dim1, dim2], dtype, device, requires_grad, generator);

    public static Tensor rand(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        rand([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator);

    public static Tensor randn(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randn(size.AsSpan(), dtype, device, requires_grad, generator);

    public static Tensor randn(ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null)
    {
        var at = device ?? CPU;
        fixed (long* s = size)
            return Tensor.Wrap(NativeMethods.ct_randn(s, size.Length, generator?.Handle ?? 0, (int)(dtype ?? _defaultDtype), (int)at.type, at.index, Tensor.Flag(requires_grad)), generator);
    }

    public static Tensor randn(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randn([size], dtype, device, requires_grad, generator);

    public static Tensor randn(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randn([rows, columns], dtype, device, requires_grad, generator);

    public static Tensor randn(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randn([dim0, dim1, dim2], dtype, device, requires_grad, generator);

    public static Tensor randn(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randn([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator);

    public static Tensor randint(long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randint(0, high, size, dtype, device, requires_grad, generator);

    /// <summary>Whole numbers from low up to, but not including, high; of type Int64 where none is given.</summary>
    public static Tensor randint(long low, long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null)
    {
        var at = device ?? CPU;
        fixed (long* s = size)
            return Tensor.Wrap(NativeMethods.ct_randint(low, high, s, size.Length, generator?.Handle ?? 0, (int)(dtype ?? ScalarType.Int64), (int)at.type, at.index, Tensor.Flag(requires_grad)), generator);
    }

    /// <summary>The numbers 0 to n − 1 in random order.</summary>
    public static Tensor randperm(long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null)
    {
        var at = device ?? CPU;
        return Tensor.Wrap(NativeMethods.ct_randperm(n, generator?.Handle ?? 0, (int)(dtype ?? ScalarType.Int64), (int)at.type, at.index, Tensor.Flag(requires_grad)), generator);
    }

    public static Tensor rand_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => input.rand_like(dtype, device, requires_grad);

    public static Tensor bernoulli(Tensor input, Generator? generator = null) => input.bernoulli(generator);

    public static Tensor multinomial(Tensor input, long num_samples, bool replacement = false, Generator? generator = null) =>
        input.multinomial(num_samples, replacement, generator);

    /// <summary>Sets the seed of the default generators; returns the CPU's.</summary>
    public static Generator manual_seed(long seed)
    {
        NativeErrors.Check(NativeMethods.ct_manual_seed(seed));
        return Generator.Default;
    }

    public static long initial_seed() => Generator.Default.initial_seed();

    /// <summary>The whole state of the CPU's default generator.</summary>
    public static Tensor get_rng_state() => Generator.Default.get_state();

    public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);

    /// <summary>As <see cref="torch.manual_seed"/> and its companions.</summary>
    public static partial class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        public static long initial_seed() => torch.initial_seed();

        public static Tensor get_rng_state() => torch.get_rng_state();

        public static void set_rng_state(Tensor new_state) => torch.set_rng_state(new_state);
    }

    public partial class Tensor
    {
        public Tensor rand_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => Like(3, dtype, device, requires_grad);

        public Tensor randn_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => Like(4, dtype, device, requires_grad);

        public Tensor bernoulli(Generator? generator = null) => Wrap(NativeMethods.ct_bernoulli(Handle, generator?.Handle ?? 0), this, generator);

        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) =>
            Self(NativeMethods.ct_bernoulli_(Handle, p, generator?.Handle ?? 0), this, generator);

        public Tensor normal_(double mean = 0.0, double std = 1.0, Generator? generator = null) =>
            Self(NativeMethods.ct_normal_(Handle, mean, std, generator?.Handle ?? 0), this, generator);

        public Tensor uniform_(double from, double to, Generator? generator = null) =>
            Self(NativeMethods.ct_uniform_(Handle, from, to, generator?.Handle ?? 0), this, generator);

        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) =>
            Wrap(NativeMethods.ct_multinomial(Handle, num_samples, Flag(replacement), generator?.Handle ?? 0), this, generator);
    }
}
