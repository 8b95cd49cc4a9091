using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        // Two operands, element by element, broadcast to a common shape.
        public Tensor mul(Tensor target) => Wrap(NativeMethods.ct_mul(Handle, target.Handle), this, target);

        public Tensor mul(Scalar target) => Wrap(NativeMethods.ct_mul_scalar(Handle, target.Native), this);

        public Tensor mul_(Tensor target) => Self(NativeMethods.ct_mul_(Handle, target.Handle), this, target);

        public Tensor mul_(Scalar target) => Self(NativeMethods.ct_mul__scalar(Handle, target.Native), this);

        public Tensor eq(Tensor target) => Wrap(NativeMethods.ct_eq(Handle, target.Handle), this, target);

        public Tensor eq(Scalar target) => Wrap(NativeMethods.ct_eq_scalar(Handle, target.Native), this);

        public Tensor eq_(Tensor target) => Self(NativeMethods.ct_eq_(Handle, target.Handle), this, target);

        public Tensor eq_(Scalar target) => Self(NativeMethods.ct_eq__scalar(Handle, target.Native), this);

        public Tensor ne(Tensor target) => Wrap(NativeMethods.ct_ne(Handle, target.Handle), this, target);

        public Tensor ne(Scalar target) => Wrap(NativeMethods.ct_ne_scalar(Handle, target.Native), this);

        public Tensor ne_(Tensor target) => Self(NativeMethods.ct_ne_(Handle, target.Handle), this, target);

        public Tensor ne_(Scalar target) => Self(NativeMethods.ct_ne__scalar(Handle, target.Native), this);

        public Tensor lt(Tensor target) => Wrap(NativeMethods.ct_lt(Handle, target.Handle), this, target);

        public Tensor lt(Scalar target) => Wrap(NativeMethods.ct_lt_scalar(Handle, target.Native), this);

        public Tensor lt_(Tensor target) => Self(NativeMethods.ct_lt_(Handle, target.Handle), this, target);

        public Tensor lt_(Scalar target) => Self(NativeMethods.ct_lt__scalar(Handle, target.Native), this);

        public Tensor le(Tensor target) => Wrap(NativeMethods.ct_le(Handle, target.Handle), this, target);

        public Tensor le(Scalar target) => Wrap(NativeMethods.ct_le_scalar(Handle, target.Native), this);

        public Tensor le_(Tensor target) => Self(NativeMethods.ct_le_(Handle, target.Handle), this, target);

        public Tensor le_(Scalar target) => Self(NativeMethods.ct_le__scalar(Handle, target.Native), this);

        public Tensor gt(Tensor target) => Wrap(NativeMethods.ct_gt(Handle, target.Handle), this, target);

        public Tensor gt(Scalar target) => Wrap(NativeMethods.ct_gt_scalar(Handle, target.Native), this);

        public Tensor gt_(Tensor target) => Self(NativeMethods.ct_gt_(Handle, target.Handle), this, target);

        public Tensor gt_(Scalar target) => Self(NativeMethods.ct_gt__scalar(Handle, target.Native), this);

        public Tensor ge(Tensor target) => Wrap(NativeMethods.ct_ge(Handle, target.Handle), this, target);

        public Tensor ge(Scalar target) => Wrap(NativeMethods.ct_ge_scalar(Handle, target.Native), this);

        public Tensor ge_(Tensor target) => Self(NativeMethods.ct_ge_(Handle, target.Handle), this, target);

        public Tensor ge_(Scalar target) => Self(NativeMethods.ct_ge__scalar(Handle, target.Native), this);

        public Tensor pow(Tensor exponent) => Wrap(NativeMethods.ct_pow(Handle, exponent.Handle), this, exponent);

        public Tensor pow(Scalar exponent) => Wrap(NativeMethods.ct_pow_scalar(Handle, exponent.Native), this);

        public Tensor pow_(Tensor exponent) => Self(NativeMethods.ct_pow_(Handle, exponent.Handle), this, exponent);

        public Tensor pow_(Scalar exponent) => Self(NativeMethods.ct_pow__scalar(Handle, exponent.Native), this);

        public Tensor remainder(Tensor target) => Wrap(NativeMethods.ct_remainder(Handle, target.Handle), this, target);

        public Tensor remainder(Scalar scalar) => Wrap(NativeMethods.ct_remainder_scalar(Handle, scalar.Native), this);

        public Tensor remainder_(Tensor target) => Self(NativeMethods.ct_remainder_(Handle, target.Handle), this, target);

        public Tensor remainder_(Scalar scalar) => Self(NativeMethods.ct_remainder__scalar(Handle, scalar.Native), this);

        public Tensor fmod(Tensor target) => Wrap(NativeMethods.ct_fmod(Handle, target.Handle), this, target);

        public Tensor fmod(Scalar scalar) => Wrap(NativeMethods.ct_fmod_scalar(Handle, scalar.Native), this);

        public Tensor fmod_(Tensor target) => Self(NativeMethods.ct_fmod_(Handle, target.Handle), this, target);

        public Tensor fmod_(Scalar scalar) => Self(NativeMethods.ct_fmod__scalar(Handle, scalar.Native), this);

        public Tensor maximum(Tensor other) => Wrap(NativeMethods.ct_maximum(Handle, other.Handle), this, other);

        public Tensor minimum(Tensor other) => Wrap(NativeMethods.ct_minimum(Handle, other.Handle), this, other);

        public Tensor atan2(Tensor other) => Wrap(NativeMethods.ct_atan2(Handle, other.Handle), this, other);

        public Tensor logical_and(Tensor other) => Wrap(NativeMethods.ct_logical_and(Handle, other.Handle), this, other);

        public Tensor logical_and_(Tensor other) => Self(NativeMethods.ct_logical_and_(Handle, other.Handle), this, other);

        public Tensor logical_or(Tensor other) => Wrap(NativeMethods.ct_logical_or(Handle, other.Handle), this, other);

        public Tensor logical_or_(Tensor other) => Self(NativeMethods.ct_logical_or_(Handle, other.Handle), this, other);

        public Tensor logical_xor(Tensor other) => Wrap(NativeMethods.ct_logical_xor(Handle, other.Handle), this, other);

        public Tensor logical_xor_(Tensor other) => Self(NativeMethods.ct_logical_xor_(Handle, other.Handle), this, other);

        public Tensor bitwise_and(Tensor other) => Wrap(NativeMethods.ct_bitwise_and(Handle, other.Handle), this, other);

        public Tensor bitwise_and_(Tensor other) => Self(NativeMethods.ct_bitwise_and_(Handle, other.Handle), this, other);

        public Tensor bitwise_or(Tensor other) => Wrap(NativeMethods.ct_bitwise_or(Handle, other.Handle), this, other);

        public Tensor bitwise_or_(Tensor other) => Self(NativeMethods.ct_bitwise_or_(Handle, other.Handle), this, other);

        public Tensor bitwise_xor(Tensor other) => Wrap(NativeMethods.ct_bitwise_xor(Handle, other.Handle), this, other);

        public Tensor bitwise_xor_(Tensor other) => Self(NativeMethods.ct_bitwise_xor_(Handle, other.Handle), this, other);

        public Tensor floor_divide(Tensor other) => Wrap(NativeMethods.ct_floor_divide(Handle, other.Handle), this, other);

        public Tensor floor_divide(Scalar other) => Wrap(NativeMethods.ct_floor_divide_scalar(Handle, other.Native), this);
    }
}
