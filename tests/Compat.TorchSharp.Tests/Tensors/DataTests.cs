using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Tensors;

public class DataTests
{
    [Fact]
    public void Item_OneElement_IsRead()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(3L, tensor(3L).item<long>());
        Assert.True(tensor(true).item<bool>());
        Assert.Equal(2.5, tensor(new double[] { 2.5 }).item<double>());
        Assert.Equal(2.5f, (float)tensor(2.5));
        Assert.Equal(7, tensor(7L).ToInt32());
        Assert.Equal(1.5, tensor(1.5f).ToDouble());
    }

    [Fact]
    public void Item_SeveralElements_IsRefused()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => ones(2).item<float>());
    }

    [Fact]
    public void Data_StridedTensor_ComesInRowMajorOrder()
    {
        using var scope = NewDisposeScope();
        var t = arange(6, ScalarType.Float32).view(2, 3).t();
        var data = t.data<float>();
        Assert.Equal(6, data.Count);
        Assert.Equal([0f, 3, 1, 4, 2, 5], data.ToArray());
        Assert.Equal([0f, 3, 1, 4, 2, 5], data.ToList());
        Assert.Equal(4f, data[1, 1]);
        data[1, 1] = 40;
        Assert.Equal(40f, t[1, 1].item<float>());
    }

    [Fact]
    public void Data_CopyToAndFrom_MovesWholeTensors()
    {
        using var scope = NewDisposeScope();
        var t = arange(4, ScalarType.Int64);
        var target = new long[6];
        t.data<long>().CopyTo(target, 1);
        Assert.Equal([0L, 0, 1, 2, 3, 0], target);
        t.data<long>().CopyFrom([9, 8, 7, 6]);
        Assert.Equal([9L, 8, 7, 6], t.Longs());
    }

    [Fact]
    public void Bytes_Written_ChangeTheTensor()
    {
        using var scope = NewDisposeScope();
        var t = zeros(3);
        MemoryMarshal.Cast<byte, float>(t.bytes)[1] = 5;
        Assert.Equal([0f, 5, 0], t.Floats());
        var view = t.narrow(0, 1, 2);
        Assert.Equal(8, view.bytes.Length);
        Assert.Equal(5f, MemoryMarshal.Cast<byte, float>(view.bytes)[0]);
    }

    [Fact]
    public void To_TypesAndDevices_Convert()
    {
        using var scope = NewDisposeScope();
        var t = tensor(new float[] { 1.7f, -2.2f });
        Assert.Equal([1L, -2], t.to(ScalarType.Int64).Longs());
        Assert.Equal(ScalarType.Float64, t.@double().dtype);
        Assert.Equal("cpu", t.to(CPU).device.ToString());
        Assert.Equal(DeviceType.CPU, t.device_type);
        Assert.Equal(ScalarType.BFloat16, t.to(ScalarType.BFloat16).dtype);
        Assert.Equal(ScalarType.Float64, t.to(zeros([1], ScalarType.Float64)).dtype);
    }

    [Fact]
    public void Properties_Tensor_AreWhatTheySay()
    {
        using var scope = NewDisposeScope();
        var t = zeros(2, 3, 4);
        Assert.Equal(24, t.numel());
        Assert.Equal(24, t.NumberOfElements);
        Assert.Equal(3, t.dim());
        Assert.Equal(3, t.ndim);
        Assert.Equal([12L, 4, 1], t.stride());
        Assert.Equal(4, t.size(-1));
        Assert.Equal(4, t.element_size());
        Assert.True(t.is_contiguous());
        Assert.False(t.transpose(0, 1).is_contiguous());
        Assert.Equal(12, t[1].storage_offset());
        Assert.True(t.is_floating_point());
        Assert.True(zeros([1], ScalarType.Int64).is_integral());
    }

    [Fact]
    public void Alias_Disposed_LeavesTheOther()
    {
        using var scope = NewDisposeScope();
        var t = ones(2);
        var second = t.alias();
        second.add_(1);
        second.Dispose();
        Assert.Equal([2f, 2], t.Floats());
    }

    [Fact]
    public void Device_Descriptions_AreParsed()
    {
        Assert.Equal(DeviceType.CUDA, new Device("cuda:1").type);
        Assert.Equal(1, new Device("cuda:1").index);
        Assert.Equal(DeviceType.CPU, device("cpu").type);
        Assert.Throws<ArgumentException>(() => new Device("gpu"));
    }

    [Fact]
    public void Disposed_Tensor_IsRefused()
    {
        var t = ones(1);
        t.Dispose();
        Assert.Throws<InvalidOperationException>(() => t.shape);
        Assert.Throws<InvalidOperationException>(() => ones(1).add(t));
    }

    [Fact]
    public void Failure_OfLibtorch_ArrivesWithItsMessage()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => ones(2, 3).mm(ones(2, 3)));
        Assert.Contains("cannot be multiplied", error.Message, StringComparison.Ordinal);
        Assert.Throws<ExternalException>(() => ones(4).view(3, 3));
    }
}
